"""Where items come from, and where they go in the command: nothing is lost of them, and no shell sees them."""
import subprocess

import program

# What must arrive as it is: one argument, these bytes.
ODD = [
    b"a b",
    b"  leading and trailing  ",
    b"it's",
    b'say "hi"',
    b"$(touch x)",
    b"`touch x`",
    b"; touch x",
    b"'; touch x; '",
    b'"; touch x; "',
    b"\\",
    b"*",
    b"-n",
    b"--help",
    b"\xff\xfe not UTF-8",
    b"\t",
    b"{}",
    b"",
    b"$1 ${2}",
]


class Substitution(program.Case):
    def out(self, *arguments, **how) -> bytes:
        return self.run_program("-k", "-q", *arguments, **how).stdout

    def test_without_a_place_the_item_is_the_last_argument(self):
        self.assertEqual(self.out("echo", "an", "item:", ":::", "a b", "c"), b"an item: a b\nan item: c\n")

    def test_every_place_is_filled(self):
        self.assertEqual(self.out("echo", "{}", "<{}|{}>", ":::", "x"), b"x <x|x>\n")

    def test_the_program_itself_can_be_an_item(self):
        self.assertEqual(self.out("{}", ":::", "pwd").decode().strip(), str(self.folder.resolve()))

    def test_parts_of_an_item(self):
        for item, expected in {
            "dir/sub/file.tar.gz": "1 dir/sub/file.tar file.tar.gz dir/sub file.tar",
            "file": "1 file file . file",
            "/file.c": "1 /file file.c / file",
            "dir.d/file": "1 dir.d/file file dir.d file",
            "dir//x": "1 dir//x x dir x",
        }.items():
            with self.subTest(item):
                self.assertEqual(
                    self.out("echo", "{#} {.} {/} {//} {/.}", ":::", item).decode(), expected + "\n"
                )

    def test_the_number_alone_is_a_place_too(self):
        self.assertEqual(self.out("echo", "{#}", ":::", "a", "b"), b"1\n2\n")

    def test_what_looks_like_a_place_and_is_none_stays(self):
        self.assertEqual(self.out("echo", "{x} { } {", "{}", ":::", "i"), b"{x} { } { i\n")

    def test_the_item_is_not_looked_at_for_places(self):
        self.assertEqual(self.out("echo", "{}", "{#}", ":::", "{#}{}"), b"{#}{} 1\n")

    def test_options_of_the_command_are_its_own(self):
        self.assertEqual(self.out("printf", "-k %s\n", ":::", "x"), b"-k x\n")
        self.assertEqual(self.out("--", "echo", "-j", "{}", "--help", "--", ":::", "x"), b"-j x --help --\n")
        self.assertEqual(self.out("-qj", "1", "-kj2", "--jobs=3", "echo", ":::", "x"), b"x\n")


class OddItems(program.Case):
    def test_each_arrives_as_one_argument_as_it_is(self):
        for shell in ([], ["--shell"]):
            with self.subTest(shell):
                done = self.run_program(
                    "-0kq", *shell, "printf", "%s\\0" if not shell else "'%s\\0'",
                    items=b"\0".join(ODD) + b"\0",
                )
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stdout.split(b"\0")[:-1], ODD)
                self.assertFalse((self.folder / "x").exists())

    def test_a_newline_can_be_in_an_item_that_ends_with_a_nul(self):
        done = self.run_program("-0kq", "printf", "<%s>", items=b"a\nb\0\n\0last")
        self.assertEqual(done.stdout, b"<a\nb><\n><last>")

    def test_an_empty_line_is_an_empty_item(self):
        self.assertEqual(self.run_program("-kq", "printf", "<%s>", items=b"a\n\nb\n").stdout, b"<a><><b>")

    def test_a_last_line_needs_no_newline(self):
        self.assertEqual(self.run_program("-kq", "printf", "<%s>", items=b"a\nb").stdout, b"<a><b>")

    def test_no_items_no_commands(self):
        for how in ({"items": b""}, {"stdin": subprocess.DEVNULL}):
            done = self.run_program("echo", "x", **how)
            self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertEqual(self.run_program("echo", "x", ":::").stdout, b"")

    def test_a_nul_within_a_line_fails_that_item_alone(self):
        done = self.run_program("-kq", "--report", "report", "echo", items=b"a\nb\0c\nd\n")
        self.assertEqual((done.returncode, done.stdout), (1, b"a\nd\n"))
        self.assertIn("NUL", self.report()[1]["error"])

    def test_an_item_too_long_for_a_command_fails_alone(self):
        done = self.run_program(
            "-kq", "--report", "report", "printf", "%.3s|", items=b"abc\n" + b"y" * 3_000_000 + b"\nz\n"
        )
        self.assertEqual((done.returncode, done.stdout), (1, b"abc|z|"))
        self.assertIn("list too long", self.report()[1]["error"])


class Shell(program.Case):
    def test_the_shell_reads_the_command_and_not_the_item(self):
        done = self.run_program(
            "-kq", "--shell", "echo {} | tr a-z A-Z > {#}.x; cat {#}.x", items=b"abc\n; touch x\n"
        )
        self.assertEqual((done.returncode, done.stdout), (0, b"ABC\n; TOUCH X\n"))

    def test_words_are_joined(self):
        self.assertEqual(
            self.run_program("-q", "--shell", "echo", "$((1+1))", "{}", ":::", "x").stdout, b"2 x\n"
        )

    def test_an_item_is_one_word_in_all_quotes(self):
        item = "a  'b' \"c\" $(touch x) `touch x` \\ *"
        for script in (
            "printf '<%s>' {}",
            "printf '<%s>' \"{}\"",
            "printf '<%s>' '{}'",
            "printf '<%s>' \"$(printf %s {})\"",
            "printf '<%s>' \"$(printf %s \"{}\")\"",
            "printf '<%s>' \"`printf %s {}`\"",
            "(printf '<%s>' {})",
            "printf '<%s>'",
        ):
            with self.subTest(script):
                self.assertEqual(
                    self.run_program("-q", "--shell", script, ":::", item).stdout.decode(), f"<{item}>"
                )

    def test_no_item_gets_out_of_a_here_document_or_a_comment(self):
        for script in (
            "cat <<E\n{}\nE", "# it's\ncat <<E\n{}\nE", "echo \\{}", "echo $'{}'",
            "case x in x) echo '{}';; esac",
        ):
            for item in ("$(touch x)", "'; touch x; '", '"; touch x; "', "`touch x`", "\ntouch x\n"):
                with self.subTest(script=script, item=item):
                    self.run_program("-q", "--shell", script, ":::", item)
                    self.assertFalse((self.folder / "x").exists())

    def test_without_it_no_shell_sees_the_command(self):
        done = self.run_program("-q", "echo", "$HOME;", "{}", "|", "cat", ":::", "; touch x")
        self.assertEqual(done.stdout, b"$HOME; ; touch x | cat\n")
        self.assertFalse((self.folder / "x").exists())


class Sources(program.Case):
    def test_a_file(self):
        (self.folder / "list").write_text("a\nb\n")
        self.assertEqual(self.run_program("-kq", "-a", "list", "echo").stdout, b"a\nb\n")
        self.assertEqual(self.run_program("-kq", "--arg-file=list", "echo").stdout, b"a\nb\n")

    def test_commands_do_not_read_the_items(self):
        self.assertEqual(
            self.run_program("-kq", "sh", "-c", "cat; echo {}", items=b"a\nb\n").stdout, b"a\nb\n"
        )

    def test_what_cannot_be_read_is_said_and_gives_4(self):
        (self.folder / "folder").mkdir()
        for name, reason in {"missing": "No such file", "folder": "Is a directory"}.items():
            with self.subTest(name):
                done = self.run_program("-a", name, "echo")
                self.assertEqual((done.returncode, done.stdout), (4, b""))
                self.assertIn(f"taskactor: {name} can't be read: {reason}", done.stderr.decode())
        done = self.run_program("--dry-run", "-a", "folder", "echo")
        self.assertEqual((done.returncode, done.stdout), (4, b""))

    def test_closed_streams_do_no_harm(self):
        for closing, code in (("<&-", 0), ("<&- 2>&-", 0), (">&-", 5), ("<&- >&- 2>&-", 0)):
            with self.subTest(closing):
                items = "" if code == 0 else "::: x"
                script = f'exec "$0" run echo {items} {closing}'
                done = subprocess.run(["sh", "-c", script, program.PROGRAM], stdin=subprocess.DEVNULL, capture_output=True,
                                      timeout=program.LIMIT)
                self.assertEqual((done.returncode, done.stdout), (code, b""))

    def test_items_are_run_as_they_come(self):
        running = self.start_program("-q", "echo")
        for item in (b"first", b"second"):
            running.give(item + b"\n")
            self.assertEqual(running.out_line(), item.decode())
        running.end_items()
        self.assertEqual(running.finish()[0], 0)


if __name__ == "__main__":
    program.main()
