"""`taskactor node cert`: an authority and certificates, as OpenSSL's own program sees them."""
import shutil
import stat
import subprocess
import unittest

import program


class NodeCert(program.Case):
    def cert(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [program.PROGRAM, "node", "cert", *arguments],
            cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT,
        )

    def test_it_makes_an_authority_once_and_certificates_by_it(self):
        done = self.cert("--authority", "ca", "alpha")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(
            done.stdout.splitlines(), ["ca/authority.pem", "ca/authority.key", "ca/alpha.pem", "ca/alpha.key"]
        )
        authority = (self.folder / "ca/authority.pem").read_text()
        done = self.cert("--authority", "ca", "beta,beta.example,10.0.0.7", "gamma")
        self.assertEqual(
            done.stdout.splitlines(), ["ca/beta.pem", "ca/beta.key", "ca/gamma.pem", "ca/gamma.key"]
        )
        self.assertEqual((self.folder / "ca/authority.pem").read_text(), authority)
        for name in ("authority", "alpha", "beta", "gamma"):
            self.assertEqual(stat.S_IMODE((self.folder / f"ca/{name}.key").stat().st_mode), 0o600)

    def test_without_a_name_it_makes_the_authority_alone(self):
        self.assertEqual(self.cert("--authority", "ca").stdout.splitlines(), ["ca/authority.pem", "ca/authority.key"])
        done = self.cert("--authority", "ca")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_nothing_is_overwritten_unless_asked_and_the_authority_never(self):
        self.cert("--authority", "ca", "alpha")
        before = {path.name: path.read_text() for path in (self.folder / "ca").iterdir()}
        done = self.cert("--authority", "ca", "alpha")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, 'taskactor node cert: "ca/alpha.pem": File exists\n')
        self.assertEqual({path.name: path.read_text() for path in (self.folder / "ca").iterdir()}, before)
        self.assertEqual(self.cert("--authority", "ca", "--force", "alpha").returncode, 0)
        after = {path.name: path.read_text() for path in (self.folder / "ca").iterdir()}
        self.assertEqual({name for name in after if after[name] != before[name]}, {"alpha.pem", "alpha.key"})

    def test_bad_usage(self):
        for arguments in (
            ["alpha"], ["--authority", "ca", "--days", "0"], ["--authority", "ca", "--days", "x"],
            ["--authority", "ca", "a/b"], ["--authority", "ca", "a,,b"], ["--authority", "ca", "authority"],
        ):
            done = self.cert(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertTrue(done.stderr.startswith("taskactor"), done.stderr)

    def test_help_fits_80_columns(self):
        done = self.cert("--help")
        self.assertEqual(done.returncode, 0)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)

    @unittest.skipUnless(shutil.which("openssl"), "OpenSSL's program isn't here")
    def test_openssl_believes_them_for_both_ends(self):
        self.cert("--authority", "ca", "--days", "7", "alpha,10.0.0.7")
        for purpose in ("sslserver", "sslclient"):
            done = subprocess.run(
                ["openssl", "verify", "-x509_strict", "-CAfile", "ca/authority.pem", "-purpose", purpose,
                 "-verify_hostname", "alpha", "ca/alpha.pem"],
                cwd=self.folder, capture_output=True, text=True,
            )
            self.assertEqual((done.returncode, done.stdout), (0, "ca/alpha.pem: OK\n"), done.stderr)
        for seconds, code in ((6 * 86400, 0), (8 * 86400, 1)):
            done = subprocess.run(
                ["openssl", "x509", "-in", "ca/alpha.pem", "-checkend", str(seconds)],
                cwd=self.folder, capture_output=True,
            )
            self.assertEqual(done.returncode, code)


if __name__ == "__main__":
    program.main()
