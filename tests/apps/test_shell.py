"""--shell: what a shell gets of an item is that item, in every place; or the place is refused in words. And the words of a
command in which {} is meant.

The last is tried with scripts drawn at random: whatever is accepted prints the same as the script with a harmless word in
the item's place, but for that word.
"""
import os
import random
import subprocess

import program

ODD = ("a b", "'", '"', "\\", "a\\nb", "$x", "${IFS}", "$(touch x)", "`touch x`", "; touch x;", "#", "*", "E", "(", "))",
       "{}", "{#}", "-n", "it's", "a\nb", " ", "", "<<E", "&& touch x", "\n; touch x\n", "case")

# Each prints the item and nothing else.
ACCEPTED = (
    "printf %s {}", "printf %s", "printf %s \"{}\"", "printf %s '{}'", "(printf %s {})", "{ printf %s {}; }",
    "printf %s \"$(printf '%sx' {})\" | sed '$s/x$//'", "printf %s \"$(printf %sx \"{}\")\" | sed '$s/x$//'",
    "printf %s \"`printf %sx {}`\" | sed '$s/x$//'",
    "printf %s {} # it's {}", "# it's a `comment`\nprintf %s {}", "a='#'; printf %s {}", "printf %s {}#{} | sed '$s/#.*//' >y; "
    "printf %s {}", "set -- a b c; printf %s {}", "f() { printf %s {}; }; f a b", "shift $#; printf %s '{}'",
    "case {} in x) ;; *) printf %s {};; esac", "case {} in {}) printf %s {};; esac",
    "test {#} = 1 && printf %s {}", "test $(( {#} % 4 )) = 1 && printf %s {}", "test \"$(( ({#}+3) / 4 ))\" = 1 && printf %s {}",
    "x={}; printf %s \"$x\"", "x={} y=\"${z:-1}\"; printf %s \"$x\"", "printf %s {} | { cat; : ${x%%.*} ${#x}; }",
    "x=$(cat <<E\n{}x\nE\n); printf %s \"${x%x}\"", "x=$(cat <<-E\n\t{}x\n\tE\n); printf %s \"${x%x}\"",
    "x=$(cat <<A; cat <<B\n{}\nA\n{}x\nB\n); printf %s {}", "cat <<'E' >y\n$(it's\nE\nprintf %s {}",
    "cat <<E >y\n\"it's\" `echo {}` $(( {#} )) \\{} \\$x\nE\nprintf %s {}", "if true; then printf %s {}; fi",
    "for i in {}; do printf %s \"$i\"; done", "printf %s {} \\\n 2>&1", "\\printf %s {}", "printf %s '' \"\" {}",
)
# Where a shell evaluates what stands there, or takes it as text; and what isn't followed.
REFUSED = (
    "echo $(( {} ))", "echo $(( {.} + 1 ))", "cat <<'E'\n{}\nE", "cat <<\"E\"\n{#}\nE", "cat <<{}\nx\n", "echo ${x:-{}}",
    "echo \"${x:-{}}\"", "echo ${#}", "echo $'{}'", "echo $'it\\'s' {}", "echo ${x:-\"a\"} {}", "echo \"${x:-'a}'}\" {}",
    "echo $(case a in a) echo b;; esac) {}", "echo `echo \\`echo {}\\``", "echo $((echo a); echo b) {}", "((x)) {}",
    "cat <<E $(\n) {}\nE", "echo $[1] {}", "cat <<E\nx\\\nE\n{}",
)


class Places(program.Case):
    def run_script(self, script: str, items: list[str], *options: str) -> subprocess.CompletedProcess:
        odd = b"\0".join(item.encode("utf-8", "surrogateescape") for item in items) + b"\0"
        return self.run_program("-0kqj1", *options, "--shell", script, items=odd)

    def test_an_item_is_one_word_wherever_it_stands(self):
        for script in ACCEPTED:
            with self.subTest(script):
                items = ODD[:1] if script.startswith("test ") else ODD  # {#} has to be 1
                done = self.run_script(script, list(items))
                self.assertEqual((done.returncode, done.stdout.decode(), done.stderr), (0, "".join(items), b""))
                self.assertFalse((self.folder / "x").exists(), "it has been executed")

    def test_a_place_that_can_not_be_is_refused_in_words_and_nothing_is_run(self):
        for script in REFUSED:
            with self.subTest(script):
                done = self.run_script("touch x; " + script, ["a"])
                said = done.stderr.decode()
                self.assertEqual((done.returncode, done.stdout), (2, b""), said)
                self.assertRegex(said, r"^taskactor: --shell: \{.*\} stands (in|behind|where) ")
                self.assertIn('put it into a variable first, as in `x={', said)
                self.assertFalse((self.folder / "x").exists())

    def test_what_the_refusal_says_is_a_way(self):
        done = self.run_script("x={}; cat <<E\n$(case a in a) printf %s \"$x\";; esac)\nE", ["a  'b"])
        self.assertEqual((done.returncode, done.stdout), (0, b"a  'b\n"))

    def test_a_script_of_many_levels_is_refused_and_not_followed_for_ever(self):
        done = self.run_script("$(" * 30_000 + "{}", ["a"])
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"within more than 200 others", done.stderr)

    def test_the_lines_of_what_sh_says_are_those_of_the_script(self):
        done = self.run_script("\n{}\nnonsense-of-mine", ["true"])
        self.assertRegex(done.stderr.decode(), r"sh: (line )?3: nonsense-of-mine: .*not found")


class Words(program.Case):
    def out(self, *arguments: str) -> bytes:
        done = self.run_program("-kq", *arguments, ":::", "a.txt")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_a_backslash_makes_a_place_text(self):
        for words, said in (
            (["\\{}", "{}"], "{} a.txt"), (["\\{.}{.}"], "{.}a"), (["\\\\{}"], "\\a.txt"), (["\\\\\\{}{#}"], "\\{}1"),
            (["\\x", "\\", "{}"], "\\x \\ a.txt"), (["\\{}"], "{} a.txt"), (["{\\{}}", "{}"], "{{}} a.txt"),
        ):
            with self.subTest(words):
                self.assertEqual(self.out("printf", "%s ", *words).decode(), said + " ")

    def test_so_it_does_for_a_shell_which_reads_the_other_backslashes(self):
        for script, said in (
            ("printf %s, \\{} {}", "{},a.txt,"), ("printf %s, \"\\{}\" '\\{#}' {}", "{},{#},a.txt,"),
            ("printf %s, \\\\{}", "\\a.txt,"), ("printf %s, '\\\\'{}", "\\\\a.txt,"), ("printf %s, \\\\\\{} {}", "\\{},a.txt,"),
        ):
            with self.subTest(script):
                self.assertEqual(self.out("--shell", script).decode(), said)

    def test_another_word_may_stand_for_the_item(self):
        self.assertEqual(self.out("-I", "@", "echo", "{}", "@", "x@y", "{#}", "\\@"), b"{} a.txt xa.txty 1 @\n")
        self.assertEqual(self.out("-IFILE", "echo", "{}", "FILE"), b"{} a.txt\n")
        self.assertEqual(self.out("-I", "@", "echo", "{}"), b"{} a.txt\n")
        self.assertEqual(self.out("-I,", "--shell", "echo {} \",\" '{}'"), b"{} a.txt {}\n")
        self.assertEqual(self.out("-I", "{}", "echo", "-", "{}"), b"- a.txt\n")

    def test_not_every_word_may(self):
        for word in ("", "a\\"):
            done = self.run_program("-I", word, "echo", ":::", "x")
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(b"-I: ", done.stderr)


# What a script is made of, at random: most of it is no good script, and what sh makes of it is the measure.
PIECES = (
    "'", '"', "`", "$(", ")", "$((", "))", "(", "${x", "${x:-", "}", "\\", "#", " ", " ", "\n", "\n", "<<E", " <<-E\n",
    "<<'E'\n", "\nE\n", "\n\tE\n", "cat <<E\n", "cat <<-'E' ", "{}", "{}", "{}", "{}", "{#}", "case x in x)", ";;esac",
    "printf '<%s>' ", "printf '<%s>' ", ";", "x", "1", "+", "$", "$x", "$#", "\\\n", "\t", "it's", "# it's\n", "&&", "|",
    "$'", "[[", "((", "{", "set -- a b;", "f() {", "x=", "\\{}", "\\\\{}",
)
# Without blanks and patterns: a shell splits what an unquoted $(...) gives, whatever it is.
HOSTILE = (
    "a'b", 'a"b', "`printf${IFS}HACKED`", "$(printf${IFS}HACKED)", "\\", "\\\\n", "$x", "${x}", ";printf${IFS}HACKED;", "#",
    "'", '"', "E", "}", "))", "a'\"`$(b", ")", "-n", "{}", "{#}", "<<E", "a=b", "case", "%s",
)
HARMLESS = "@harmless@"
SEED, SCRIPTS = 20261130, 400


def with_a_word(script: str, word: str) -> str:
    """The script as anybody would write it for this one word."""
    result = ""
    while script:
        name = next((name for name in ("{}", "{#}") if script.startswith(name)), None)
        if not name:
            result, script = result + script[0], script[1:]
            continue
        escaped = (len(result) - len(result.rstrip("\\"))) % 2
        result = result[:-1] + name if escaped else result + (word if name == "{}" else "1")
        script = script[len(name):]
    return result


class Property(program.Case):
    def test_whatever_is_accepted_prints_what_the_script_does_with_a_harmless_word(self):
        chance = random.Random(SEED)
        counts = {"accepted": 0, "refused": 0}
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        while sum(counts.values()) < SCRIPTS:
            script = "".join(chance.choice(PIECES) for _ in range(chance.randint(2, 14)))
            if "{}" not in script.replace("\\{}", "") or "$$" in script:  # $$ is another number each time
                continue
            item = chance.choice(HOSTILE)
            done = self.run_program("-q", "--shell", script, ":::", item, env=environment)
            if done.returncode == 2 and done.stderr.startswith(b"taskactor: --shell: "):
                counts["refused"] += 1
                continue
            counts["accepted"] += 1
            # As many parameters as the script has kinds of places: they are seen in $#.
            plain = script.replace("\\\\", "").replace("\\{}", "")
            given = [HARMLESS] * (("{}" in plain) + ("{#}" in plain))
            wanted = subprocess.run(
                ["sh", "-c", " " + with_a_word(script, HARMLESS), "sh", *given], stdin=subprocess.DEVNULL, capture_output=True,
                cwd=self.folder, env=environment, timeout=program.LIMIT,
            ).stdout.replace(HARMLESS.encode(), item.encode())
            self.assertEqual(done.stdout, wanted, f"{script!r} with {item!r} (seed {SEED})")
        self.assertGreater(min(counts.values()), SCRIPTS // 5, counts)


if __name__ == "__main__":
    program.main()
