"""Writes the corpus of the fuzzers anew: small inputs that reach each branch of the decoders at once.

An input for `nodes` is told in its source, one for `frames` is a byte n, n lengths of pieces, and a stream; one for `arguments` a byte that chooses the function
(in the order of `make_subjects`), and CBOR.
"""
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parent / "corpus"


def head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if value < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, value)
    raise ValueError(value)


def cbor(value) -> bytes:
    match value:
        case bool() | None:
            return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return head(5, len(value)) + b"".join(cbor(each) for pair in value.items() for each in pair)
    raise TypeError(value)


def frame(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def stream(*frames: bytes, pieces: bytes = b"") -> bytes:
    return bytes([len(pieces)]) + pieces + b"".join(frames)


POINT = {"x": -1, "y": 2**64 - 1, "z": 0.5}
SHAPE = {
    "name": "a", "filled": True, "width": -300, "height": 1.5, "paint": "green", "points": [POINT, POINT], "border": [0, 255]
}
CALL = [0, 7, "resize", cbor(["a.png", 100])]

FRAMES = {
    "call_in_pieces": stream(frame(cbor(CALL)), frame(cbor([1, 7])), pieces=b"\x01\x03\x00\x40"),
    "progress_and_result": stream(frame(cbor([7, 7, 1, 2, "half way"])), frame(cbor([3, 7, b"\x18\x64"])), pieces=b"\x05"),
    "all_kinds": stream(frame(cbor([0, 24, 2**16, 2**32, -1, -(2**63), 1.5, None, False, {"k": {}, "": []}, "\u00e4", b""]))),
    "floats": stream(frame(b"\x85\xf9\x7e\x00\xf9\x00\x01\xfa\xff\x80\x00\x00\xfb" + b"\x7f\xf8" + b"\0" * 6 + b"\xf9\x80\x00")),
    "negative_beyond_64_bits": stream(frame(b"\x3b" + b"\xff" * 8), frame(b"\x3b\x80" + b"\0" * 7)),
    "key_twice": stream(frame(b"\xa2\x61a\x01\x61a\x02")),
    "key_no_string": stream(frame(b"\xa1\x01\x02")),
    "tag_break_undefined": stream(frame(b"\xc1\x01"), frame(b"\x9f\xff"), frame(b"\xff"), frame(b"\xf7"), frame(b"\xf8\x20")),
    "text_not_utf8": stream(frame(b"\x62\xff\xc0")),
    "deep_200": stream(frame(b"\x81" * 200 + b"\x01")),
    "deep_201": stream(frame(b"\x81" * 201 + b"\x01")),
    "deep_in_bytes": stream(frame(cbor([3, 7, b"\x81" * 300 + b"\x01"]))),
    "count_beyond_the_end": stream(frame(b"\x9a\xff\xff\xff\xff"), frame(b"\xbb" + b"\xff" * 8), frame(b"\x5a\xff\xff\xff\xff")),
    "half_a_frame": stream(frame(cbor(CALL))[:-3], pieces=b"\x02"),
    "length_zero": stream(frame(b"\x01"), b"\0\0\0\0", frame(b"\x01"), pieces=b"\x06\x01"),
    "length_4_gib": stream(b"\xff\xff\xff\xff and more", pieces=b"\x03"),
    "length_limit": stream(b"\x04\x00\x00\x00\x01"),
    "length_beyond_limit": stream(b"\x04\x00\x00\x01\x01"),
    "bare_value": stream(cbor(POINT)),
}
def steps(first: int, *contents: list | None) -> bytes:
    """For `nodes`: frames, and in the place of None some time."""
    made = bytes([first])
    for content in contents:
        made += b"\xff\xff" if content is None else struct.pack(">H", len(cbor(content))) + cbor(content)
    return made


PEER = [1, 1, "peer", "u", 7, 1, ["gpu"]]  # less than "z", more than "a"
CALLED = [9, 1, 1, "task", cbor([1]), -1, "id"]
NODES = {
    "answers": steps(1, PEER, None, None, None, None, [6, 3], [17, 1, 1, 1, 2, "half"], [11, 1, 1, cbor(4)],
                     [12, 2, 1, "no"], [13, 3, 1, 3, "no"], [14, 4, 1, ""], [4, 1, [1, 1]]),
    "late_answers": steps(1, PEER, None, None, [6, 2], [15, 1, 2, 1, "late"], [16, 1, 1], [16, 1, 2], [11, 1, 1, cbor(4)]),
    "calls": steps(0, PEER, [2], [7, 2], [8, 9], [7, 5], CALLED, [9, 2, 1, "task", cbor([]), 5, ""], None, [10, 1, 1], None),
    "beyond_the_window": steps(1, PEER, *([9, n, 1, "t", cbor([]), -1, ""] for n in range(1, 9))),
    "call_twice": steps(1, PEER, CALLED, CALLED),
    "no_hello": steps(1, [2]),
    "other_version": steps(1, [1, 2, "whatever"]),
    "own_name": steps(1, [1, 1, "a", "u", 7, 1, []]),
    "not_welcome": steps(0, PEER, [3, 4, "there is one"]),
    "early": steps(0, PEER, CALLED),
    "leaves": steps(1, PEER, None, [5], None, [3, 1, "done"], None),
    "silent": steps(1, PEER, [6, 1], *([None] * 12)),
    "log": steps(1, PEER, None, [6, 1], [18, 1, 1, 2, "l", "text"], [18, 1, 1, 6, "l", "text"]),
}
INTEGERS, SCALARS, CONTAINERS, OPTIONALS, USERS, BYTES, DEFAULTS, ANYTHING = range(8)
ARGUMENTS = {
    "integers_low": (INTEGERS, [-(2**7), 0, -(2**15), 0, -(2**31), 0, -(2**63), 0]),
    "integers_high": (INTEGERS, [2**7 - 1, 2**8 - 1, 2**15 - 1, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1]),
    "integers_beyond": (INTEGERS, [0, 0, 0, 0, 0, 0, 2**63, -1]),
    "integers_float": (INTEGERS, [1.0, 0, 0, 0, 0, 0, 0, 0]),
    "scalars": (SCALARS, [True, 0.1, 0.1, "\u00e4"]),
    "scalars_integers": (SCALARS, [False, 2**64 - 1, -(2**24) - 1, ""]),
    "scalars_nan_infinity": (SCALARS, [False, float("nan"), float("-inf"), ""]),
    "scalars_beyond_float": (SCALARS, [False, 1e300, 1e300, ""]),
    "containers": (CONTAINERS, [[1, -1], {"a": 0.5, "": 2}, [3, 4], [True, ["x", ""]]]),
    "containers_wrong_size": (CONTAINERS, [[], {}, [3, 4, 5], [True, []]]),
    "optionals": (OPTIONALS, [1, None, ["x", None]]),
    "optionals_missing": (OPTIONALS, [1]),
    "users": (USERS, [POINT, SHAPE, "red", 2**64 - 1]),
    "users_cut_fraction": (USERS, [{"x": 3000000.7, "y": 0, "z": 0}, SHAPE, "red", 0]),
    "users_sign_lost": (USERS, [{"x": 2**64 - 1, "y": -1, "z": 0}, SHAPE, "red", -1]),
    "users_nan": (USERS, [{"x": 0, "y": 0, "z": float("nan")}, SHAPE, "red", 0]),
    "users_bool_for_number": (USERS, [{"x": True, "y": 0, "z": 0}, SHAPE, "red", 0]),
    "users_array_too_long": (USERS, [POINT, SHAPE | {"border": [0, 1, 2]}, "red", 0]),
    "users_key_missing": (USERS, [{"x": 0}, SHAPE, "red", 0]),
    "users_unknown_enumerator": (USERS, [POINT, SHAPE, "blue", 0]),
    "bytes": (BYTES, [b"\x00\xff", [0, 255]]),
    "bytes_beyond": (BYTES, [b"", [256]]),
    "defaults_none": (DEFAULTS, ["x"]),
    "defaults_some": (DEFAULTS, ["x", 1, 0.5]),
    "defaults_too_few": (DEFAULTS, []),
    "defaults_too_many": (DEFAULTS, ["x", 1, 0.5, True, 0]),
    "anything": (ANYTHING, [[1, {"any": [None, -1, 1.5, b"b", "s"]}]]),
    "no_array": (ANYTHING, {"a": 1}),
}


def main() -> None:
    inputs = {
        "frames": FRAMES,
        "nodes": NODES,
        "arguments": {name: bytes([which]) + cbor(value) for name, (which, value) in ARGUMENTS.items()},
    }
    for folder, files in inputs.items():
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (ROOT / folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
