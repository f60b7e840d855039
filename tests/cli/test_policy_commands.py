"""policy new, check, fmt, test, eval, explain, docs and bench, as an author types them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile

import pytest

from tests.cli.formats import check_junit

RULE = """\
# METADATA
# title: Values are lucky
# description: Thirteen is not.
# custom:
#   severity: high
#   parameters:
#     unlucky: {default: 13, description: the value that is not allowed}
package opsctl.lucky

import rego.v1

deny contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.change.after.value == data.opsctl.params.unlucky
	msg := sprintf("%s is unlucky", [change.address])
}
"""
TESTS = """\
package opsctl.lucky_test

import data.opsctl.lucky
import rego.v1

plan := {"resource_changes": [{"address": "a", "change": {"after": {"value": 13}}}]}

test_unlucky if count(lucky.deny) == 1 with input as plan with data.opsctl.params.unlucky as 13

test_lucky if count(lucky.deny) == 0 with input as plan with data.opsctl.params.unlucky as 7
"""


@pytest.fixture
def author(stack):
    """A stack with one policy and its tests, and two values."""
    stack.write("policies/lucky.rego", RULE)
    stack.write("policies/lucky_test.rego", TESTS)
    text = (stack.folder / "opsctl.yaml").read_text("utf-8")
    stack.write("opsctl.yaml", f"{text}policy: {{bundles: [policies], data: {{unlucky: 13}}}}\n")
    stack.values(a="13", b="2")
    return stack


@pytest.fixture
def saved(author):
    """The same with what policies see saved in input.json."""
    assert author.run("plan", "--save-input", "input.json").code == 3
    return author


@pytest.mark.parametrize("effect", ["deny", "require_approval", "warn"])
def test_a_new_policy_is_right_and_tested(stack, effect):
    """What policy new writes passes check, fmt and its own tests, and covers every line."""
    assert stack.run("policy", "new", "owners", "-t", "OS::Nova::Server", "--effect", effect).code == 0
    assert stack.run("policy", "check", "--strict", "policies").code == 0
    assert stack.run("policy", "fmt", "--check", "policies").code == 0
    ran = stack.run("policy", "test", "--threshold", "100", "policies")
    assert (ran.code, ran.out.startswith("2 of 2 policy tests passed")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Small-Servers"], "write small_servers"),
        (["a", "-t", "OS::Nova::Serve"], "did you mean 'OS::Nova::Server'?"),
        (["a", "--effect", "refuse"], "write one of deny, require_approval, warn"),
        (["lucky"], "is there already"),
    ],
)
def test_a_policy_that_cannot_be_written_is_an_error(author, arguments, said):
    """A wrong name, type or effect is told, and nothing is overwritten."""
    ran = author.run("policy", "new", *arguments)
    assert ran.code == 1
    assert said in ran.err
    assert (author.folder / "policies/lucky.rego").read_text("utf-8") == RULE


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        ('warn contains "x" if foo(1)', (18, 23), "there is no function 'foo'"),
        ('warn contains "x" if startswith("a")', (18, 22), "takes 2 arguments"),
        ('warn contains "x" if zz > 1', (18, 22), "unsafe"),
        ("used(x) := y if x == 3", (18, 12), "the variable 'y' is unsafe"),
        ('warn contains "x" if http.send({}).ok', (18, 22), "http.send is refused"),
        ('warn contains "x" if {', (19, 1), ""),
        ("_lonely := 3", (18, 1), "_lonely is never reached"),
        ('warn contains "x" if {\n\t1 == 2\n}', (19, 2), "this never holds"),
    ],
)
def test_check_names_the_place(author, written, place, said):
    """What is wrong is told with file, line and column, tabs counted as one character."""
    author.write("policies/lucky.rego", f"{RULE}\n{written}\n")
    ran = author.run("policy", "check", "--output", "json")
    found = [d for d in ran.json["diagnostics"] if said in d["message"]]
    assert found, ran.json
    assert found[0]["file"] == "policies/lucky.rego"
    assert (found[0]["line"], abs(found[0]["column"] - place[1]) <= 1) == (place[0], True)


def test_check_tells_all_files_at_once(author):
    """A file that does not parse hides nothing of another one that is wrong."""
    author.write("policies/broken.rego", "package opsctl.broken\n\ndeny contains {\n")
    author.write("policies/lucky.rego", RULE.replace("sprintf", "sprnt"))
    author.write("policies/lucky_test.rego", "")
    ran = author.run("policy", "check", "--output", "json")
    assert {d["file"] for d in ran.json["diagnostics"]} >= {"policies/broken.rego", "policies/lucky.rego"}


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ('denny contains "x" if input.x', "denny is never reached", "did you mean 'deny'?"),
        ('warn contains "x" if data.opsctl.lucky.denny', "opsctl.lucky has no denny", "did you mean 'deny'?"),
        (
            'warn contains "x" if {\n\tsome c in input.resource_changes\n\tc.type == "AWS::S3::Buckt"\n}',
            "no provider knows the type 'AWS::S3::Buckt'",
            "did you mean 'AWS::S3::Bucket'?",
        ),
        (
            'warn contains "x" if {\n\tsome r in input.resources\n\tr.type == "DatabaseInstanc"\n}',
            "no provider knows the type 'DatabaseInstanc'",
            "did you mean 'DatabaseInstance'?",
        ),
        (
            '# METADATA\n# custom: {levl: advisory}\nwarn contains "x" if input.x',
            "nobody reads 'levl'",
            "did you mean 'level'?",
        ),
    ],
)
def test_check_tells_what_was_meant(author, written, message, hint):
    """A rule, a reference, a type or a key that is like one that there is."""
    author.write("policies/lucky.rego", f"{RULE}\n{written}\n")
    found = author.run("policy", "check", "--output", "json").json["diagnostics"]
    assert [d["hint"] for d in found if message in d["message"]] == [hint]


@pytest.mark.parametrize("type", ["DatabaseInstance", "Cache", "Local::Value"])
def test_rules_may_be_about_abstract_types(author, type):
    """One that ships, one that only another stack has, and a plain one: none is a mistake, in check, eval and plan."""
    rule = f'warn contains "x" if {{\n\tsome r in input.resources\n\tr.type == "{type}"\n}}'
    author.write("policies/lucky.rego", f"{RULE}\n{rule}\n")
    assert author.run("policy", "check").code == 0
    ran = author.run("plan", "--save-input", "input.json")
    assert "no provider knows" not in ran.out + ran.err
    assert "no provider knows" not in author.run("policy", "eval", "-i", "input.json").out


def test_check_asks_for_metadata(author):
    """A rule without title, description and severity is a warning, and an error with --strict."""
    author.write("policies/lucky.rego", "\n".join(RULE.splitlines()[7:]))
    ran = author.run("policy", "check")
    assert ran.code == 0
    assert "opsctl.lucky has no title, description and severity" in ran.err
    assert author.run("policy", "check", "--strict").code == 1


def test_check_tells_of_deprecated_syntax(author):
    """Imports of future keywords and legacy modules are warnings that say what is written now."""
    author.write("policies/old.rego", "package old\n\nimport future.keywords.in\n\nallow if 1 in [1]\n")
    ran = author.run("policy", "check", "--output", "json")
    assert [d["message"] for d in ran.json["diagnostics"]] == ["import future.keywords.in is deprecated"]


def test_fmt_changes_layout_only(author):
    """A module with wrong indents and blank lines is laid out; --check and --diff change nothing."""
    messy = RULE.replace("\n\tsome", "\n\n   some").replace(" == ", "==").replace("# title", "#title")
    author.write("policies/lucky.rego", messy.replace("#title", "# title"))
    ran = author.run("policy", "fmt", "--diff")
    assert ran.code == 1
    assert "+\tsome change in input.resource_changes" in ran.out
    assert author.run("policy", "fmt", "--check").code == 1
    assert author.run("policy", "fmt").out == "policies/lucky.rego\n"
    assert (author.folder / "policies/lucky.rego").read_text("utf-8") == RULE


OPA = """\
#!/bin/sh
[ "$1" = fmt ] || exit 9
if grep -q unlucky; then echo "package laid.out.by.opa"; else echo "opa said no" >&2; exit 2; fi
"""


def test_fmt_lets_a_real_opa_do_it(author):
    """With --opa the program lays out what it is given; what it refuses, and a program that is not there, are errors."""
    author.write("bin/opa", OPA)
    program = author.folder / "bin" / "opa"
    program.chmod(0o755)
    (author.folder / "policies" / "lucky_test.rego").unlink()
    assert author.run("policy", "fmt", "--opa", str(program)).code == 0
    assert (author.folder / "policies" / "lucky.rego").read_text() == "package laid.out.by.opa\n"
    refused = author.run("policy", "fmt", "--opa", str(program))
    assert (refused.code, "opa said no" in refused.err) == (1, True)
    assert (author.folder / "policies" / "lucky.rego").read_text() == "package laid.out.by.opa\n"
    absent = author.run("policy", "fmt", "--opa", "no-such-opa")
    assert (absent.code, "there is no such program" in absent.err) == (1, True)


def test_watch_runs_again_on_every_change(author):
    """The tests run at once, again when a file changes, whatever is wrong with it, and Ctrl-C ends it without a crash."""
    command = [sys.executable, "-m", "orchestrator", "policy", "test", "policies", "--watch"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        cwd=author.folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:

        def until_it_watches() -> str:
            said = []
            for line in running.stdout:
                said.append(line)
                if line.startswith("Watching policies"):
                    break
            return "".join(said)

        assert "2 of 2 policy tests passed" in until_it_watches()
        author.write("policies/lucky_test.rego", TESTS.replace("== 0", "== 5"))
        assert "test_lucky" in (said := until_it_watches())
        assert "the last run ended with 1" in said
        author.write("policies/lucky_test.rego", "package broken {")
        assert "lucky_test.rego:1" in until_it_watches()
        author.write("policies/lucky_test.rego", TESTS)
        assert "the last run ended with 0" in until_it_watches()
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        assert running.wait() == 130
    assert "Traceback" not in rest


def test_coverage_lists_lines_and_has_a_threshold(author):
    """Lines that no test reaches are named; below the threshold the command ends with 1."""
    author.write("policies/lucky.rego", RULE + '\nwarn contains "odd" if {\n\tinput.odd\n\tinput.very\n}\n')
    ran = author.run("policy", "test", "--coverage", "--threshold", "90")
    assert ran.code == 1
    assert "not covered: 18-20" in ran.out
    assert "90% are wanted" in ran.err
    assert author.run("policy", "test", "--threshold", "50").code == 0


def test_what_no_test_leads_to_counts_as_not_covered(author):
    """A policy without any test is no policy that is covered."""
    author.write("policies/untested.rego", RULE.replace("opsctl.lucky", "opsctl.untested"))
    ran = author.run("policy", "test", "--coverage", "--threshold", "100")
    assert ran.code == 1
    assert "policies/untested.rego  0.0%  not covered: 12-15" in ran.out


def test_a_package_whose_only_rule_is_misspelt_is_noticed(author):
    """Nothing in it is asked, and its types are looked at all the same."""
    rule = 'denny contains c.address if {\n\tsome c in input.resource_changes\n\tc.type == "OS::Nova::Sever"\n}\n'
    author.write("policies/typos.rego", f"package opsctl.typos\n\nimport rego.v1\n\n{rule}")
    found = author.run("policy", "check", "--output", "json").json["diagnostics"]
    assert {
        (d["message"].partition(":")[0], d["hint"]) for d in found if d["file"] == "policies/typos.rego"
    } == {
        ("denny is never reached", "did you mean 'deny'?"),
        ("no provider knows the type 'OS", "did you mean 'OS::Nova::Server'?"),
    }


def test_tests_can_be_picked(author):
    """--run takes an expression; one that is none is an error, and one that fits nothing says so."""
    assert author.run("policy", "test", "--run", "test_unl").out.startswith("1 of 1 policy test passed")
    assert "not a regular expression" in author.run("policy", "test", "--run", "(").err
    nothing = author.run("policy", "test", "--run", "nowhere")
    assert nothing.code == 1
    assert "whose name has 'nowhere' in it" in nothing.err


def test_junit_of_tests(author):
    """A failed test is a failed case at the line that did not hold."""
    author.write("policies/lucky_test.rego", TESTS.replace("== 0", "== 5"))
    ran = author.run("policy", "test", "--output", "junit")
    assert ran.code == 1
    suite = check_junit(ran.out).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failed = next(c for c in suite.findall("testcase") if c.find("failure") is not None)
    assert (failed.get("name"), failed.get("line")) == ("test_lucky", "10")


def test_eval_says_what_the_plan_says(saved):
    """The saved input gives the verdicts of the plan, with the stack's parameters; 3 where they deny."""
    ran = saved.run("policy", "eval", "-i", "input.json", "--output", "json")
    assert ran.code == 3
    assert [(v["address"], v["message"]) for v in ran.json["verdicts"]] == [("a", "a is unlucky")]


def test_explain_follows_each_expression(saved):
    """A rule that fired shows the values; one that did not shows the expression that does not hold."""
    ran = saved.run("policy", "eval", "-i", "input.json", "--explain")
    assert "opsctl.lucky  fired" in ran.out
    assert "✓ 13: some change in input.resource_changes  (2 ways)" in ran.out
    assert 'change = a (Local::Value); msg = "a is unlucky"' in ran.out
    saved.values(a="7")
    saved.run("plan", "--save-input", "input.json")
    ran = saved.run("policy", "eval", "-i", "input.json", "--explain")
    assert ran.code == 0
    assert "opsctl.lucky  did not fire" in ran.out
    assert "✗ 14: change.change.after.value == data.opsctl.params.unlucky  does not hold" in ran.out
    assert "change.change.after.value = 7" in ran.out
    assert "· 15:" in ran.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "an object was expected"),
        ('{"resource_changes": 3}', "a list was expected"),
        ('{"resource_changes": [3]}', "objects with an address"),
    ],
)
def test_an_input_that_is_none_is_an_error(author, text, said):
    """A broken input is told with its file."""
    author.write("input.json", text)
    ran = author.run("policy", "eval", "-i", "input.json")
    assert ran.code == 1
    assert said in ran.err
    assert "input.json" in ran.err


def test_bench_times_each_rule(saved):
    """Every rule has its time, on a saved input or on one that is made."""
    ran = saved.run("policy", "bench", "-i", "input.json", "--output", "json")
    assert [(r["rule"], r["said"]) for r in ran.json["rules"]] == [("opsctl.lucky", 1)]
    assert saved.run("policy", "bench", "--changes", "20", "--output", "json").json["changes"] == 20


def test_docs_and_explain_show_the_metadata(author):
    """A page has the title, the parameters with their defaults, and what the tests hold."""
    assert author.run("policy", "docs", "--out", "pages").code == 0
    page = (author.folder / "pages/opsctl.lucky.md").read_text("utf-8")
    assert page.startswith("# Values are lucky\n\nThirteen is not.\n")
    assert "| `unlucky` | `13` | the value that is not allowed |" in page
    assert "[opsctl.lucky](opsctl.lucky.md)" in (author.folder / "pages/README.md").read_text("utf-8")
    ran = author.run("policy", "explain", "lucky")
    assert "parameter unlucky (default 13)" in ran.out
    assert "did you mean" in author.run("policy", "explain", "luckyy").err


def test_results_of_policy_commands_are_reports_too(saved):
    """check, test and eval write SARIF as plan does."""
    for command in (["check"], ["test"], ["eval", "-i", "input.json"]):
        ran = saved.run("policy", *command, "--output", "sarif")
        assert json.loads(ran.out)["runs"][0]["automationDetails"]["id"].startswith(
            f"opsctl/policy/{command[0]}/"
        )


@pytest.fixture
def fetched(author):
    """A stack whose policies come in a tarball, pinned."""
    with tarfile.open(author.folder / "rules.tar.gz", "w:gz") as archive:
        for name, text in (("lucky.rego", RULE), ("lucky_test.rego", TESTS)):
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        (author.folder / "policies" / "lucky.rego").unlink()
        (author.folder / "policies" / "lucky_test.rego").unlink()
    text = (author.folder / "opsctl.yaml").read_text("utf-8")
    author.write("opsctl.yaml", text.replace("[policies]", "[rules.tar.gz]"))
    assert author.run("policy", "update").code == 0
    return author


def test_commands_without_a_path_look_at_what_was_fetched(fetched):
    """check, test, docs, bench and eval know the policies that the stack has from elsewhere."""
    assert fetched.run("plan", "--save-input", "input.json").code == 3
    ran = fetched.run("policy", "check")
    assert (ran.code, ran.out) == (0, "Policies are right: rules.tar.gz.\n")
    ran = fetched.run("policy", "test", "--threshold", "100")
    assert (ran.code, ran.out.startswith("2 of 2 policy tests passed")) == (0, True)
    assert fetched.run("policy", "docs").out.startswith("# Values are lucky")
    assert [r["rule"] for r in fetched.run("policy", "bench", "--output", "json").json["rules"]] == [
        "opsctl.lucky"
    ]
    ran = fetched.run("policy", "eval", "-i", "input.json")
    assert (ran.code, "a is unlucky" in ran.out) == (3, True)
    assert "opsctl.lucky" in fetched.run("policy", "explain", "lucky").out


def test_commands_refuse_a_bundle_that_has_changed(fetched):
    """What is not as it was pinned is neither checked nor tested, nor asked by a plan."""
    path = fetched.folder / "rules.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("lucky.rego")
        archive.addfile(member, io.BytesIO(b""))
    for command in (["policy", "check"], ["policy", "test"], ["plan"], ["apply", "--auto-approve"]):
        ran = fetched.run(*command)
        assert (ran.code, ran.out) == (1, "")
        assert "these policies have changed: pinned is sha256:" in ran.err
        assert "opsctl policy update" in ran.err


def test_schemas_are_printed_and_written(stack):
    """One to standard output, or all of them in a folder that opa check reads; a typo names the nearest type."""
    assert stack.run("policy", "schema", "--stage", "drift").json["properties"]["stage"]["enum"] == ["drift"]
    ran = stack.run("policy", "schema", "--type", "OS::Nova::Server")
    assert "flavor" in ran.json["$defs"]["spec"]["properties"]
    ran = stack.run("policy", "schema", "--out", "schemas", "--type", "Microsoft.Storage/*")
    assert "schema.types.microsoft_storage_storageaccounts" in ran.out.splitlines()
    assert sorted(p.name for p in (stack.folder / "schemas").glob("*.json")) == sorted(
        f"{name}.json" for name in ("input", "spec", "plan", "apply", "drift")
    )
    assert (stack.folder / "schemas/types/microsoft_storage_storageaccounts.json").exists()
    ran = stack.run("policy", "schema", "--type", "OS::Nova::Serve")
    assert (ran.code, "did you mean 'OS::Nova::Server'?" in ran.err) == (1, True)
    assert stack.run("policy", "schema", "--type", "OS::*").code == 1
