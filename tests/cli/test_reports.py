"""Results for hosts of code: SARIF, JUnit, GitHub's annotations, GitLab's code quality, comments."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from tests.cli.formats import check_gitlab, check_junit

POLICY = """\
# METADATA
# title: Values are lucky
# related_resources:
# - ref: https://example.org/lucky
# custom:
#   severity: high
package opsctl.lucky

import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["value"]} if {
	some change in input.resource_changes
	change.change.after.value == 13
	msg := sprintf("%s is 13, 100%% <unlucky>", [change.address])
}

warn contains "the moon is full"
"""


@pytest.fixture
def denied(stack):
    """A stack in a folder of a repository, of whose values one is denied."""
    (stack.folder.parent / ".git").mkdir(exist_ok=True)
    stack.values(a="13", b="2")
    stack.write("policies/lucky.rego", POLICY)
    opsctl_yaml = (stack.folder / "opsctl.yaml").read_text("utf-8")
    stack.write("opsctl.yaml", opsctl_yaml + "policy: {bundles: [policies]}\n")
    yield stack
    (stack.folder.parent / ".git").rmdir()


def xml(ran):
    """The JUnit document of a run, which readers of it accept."""
    return check_junit(ran.out)


def results(ran):
    """The results of a SARIF log that its schema accepts."""
    Sarif.model_validate(ran.json)
    (run,) = ran.json["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    return run["results"]


@dataclass
class Page(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and its text."""

    elements: list = field(default_factory=list)
    text: str = ""
    open: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page(ran):
    """The page of a run: every element of it is closed."""
    read = Page()
    read.feed(ran.out)
    assert read.open == []
    return read


def test_sarif_points_at_the_property(denied):
    """A verdict stands at the line of the property, in a file named from the repository's root."""
    ran = denied.run("plan", "--output", "sarif")
    assert ran.code == 3
    deny, warn = results(ran)
    place = deny["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {
        "uri": f"{denied.folder.name}/values.yaml",
        "uriBaseId": "%SRCROOT%",
    }
    assert place["region"]["startLine"] == 6
    assert (deny["ruleId"], deny["level"], warn["level"]) == ("opsctl.lucky", "error", "warning")
    rules = {r["id"]: r for r in ran.json["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["opsctl.lucky"]["properties"]["security-severity"] == "8.0"
    assert rules["opsctl.lucky"]["helpUri"] == "https://example.org/lucky"


def test_a_moved_line_is_no_new_finding(denied):
    """Fingerprints stay when the lines above a finding change, in SARIF and in GitLab's report."""

    def prints():
        sarif = results(denied.run("plan", "--output", "sarif"))
        gitlab = denied.run("plan", "--output", "gitlab").json
        return [r["partialFingerprints"]["opsctl/v1"] for r in sarif], [i["fingerprint"] for i in gitlab]

    before = prints()
    denied.write("values.yaml", "# a comment\n\n" + (denied.folder / "values.yaml").read_text("utf-8"))
    assert prints() == before
    assert len(set(before[0])) == 2


def test_junit_has_a_case_for_each_finding_and_each_change(denied):
    """A denial is a failed case at its line; what nobody objects to passes."""
    ran = denied.run("plan", "--output", "junit")
    suite = xml(ran).find("testsuite")
    cases = suite.findall("testcase")
    assert (suite.get("tests"), suite.get("failures"), len(cases)) == ("3", "1", 3)
    (failed,) = [c for c in cases if c.find("failure") is not None]
    assert failed.attrib["file"].endswith("values.yaml")
    assert failed.attrib["line"] == "6"
    assert "a is 13" in failed.find("failure").get("message")
    assert [c.get("name") for c in cases if c.get("classname") == "Local::Value"] == ["b"]


def test_github_annotations_are_escaped(denied):
    """A percent sign, a colon or a comma in a message breaks no workflow command."""
    first, second, summary, *_ = denied.run("plan", "--output", "github").out.splitlines()
    head = f"::error file={denied.folder.name}/values.yaml,line=6,title=Values are lucky::"
    assert first.startswith(head)
    assert "100%25 <unlucky>%0A" in first
    assert second.startswith("::warning title=Values are lucky::the moon is full")
    assert summary.startswith("Plan: 2 to create.")


def test_gitlab_takes_the_report(denied):
    """Each issue has a description, a rule, a fingerprint, a severity that GitLab knows, and a line."""
    deny, warn = check_gitlab(denied.run("plan", "--output", "gitlab").json)
    assert deny["location"] == {"path": f"{denied.folder.name}/values.yaml", "lines": {"begin": 6}}
    assert (deny["severity"], warn["severity"]) == ("critical", "minor")
    assert warn["location"]["path"] == f"{denied.folder.name}/opsctl.yaml"
    assert {len(i["fingerprint"]) for i in (deny, warn)} == {64}


def test_a_comment_shows_no_markup_of_a_message(denied):
    """What a policy says is shown as it is, not as HTML or Markdown."""
    out = denied.run("plan", "--output", "markdown").out
    assert "&lt;unlucky&gt;" in out
    assert (
        "**🛑 denied** · Values are lucky · `opsctl.lucky` · high · [why](https://example.org/lucky)" in out
    )


def test_a_page_stands_alone(denied):
    """It loads and runs nothing, links lead to the web alone, and what a policy or a spec says is shown as it is."""
    denied.values(a="13", b='"<script>alert(1)</script>\\e[31mred\\e]0;"')
    ran = denied.run("plan", "--output", "html")
    assert ran.code == 3
    read = page(ran)
    tags = {tag for tag, _ in read.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not [a for _, attrs in read.elements for a in attrs if a.startswith("on") or a == "src"]
    assert {attrs["href"] for tag, attrs in read.elements if tag == "a"} == {"https://example.org/lucky"}
    assert "a is 13, 100% <unlucky>" in read.text
    assert "<script>alert(1)</script>" in read.text
    assert "Denied by policy" in read.text
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("command", ["validate", "plan", "drift"])
@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab", "markdown", "html"])
def test_errors_of_the_files_are_findings_too(stack, command, form):
    """Where the files are wrong, the form that was asked for says so, with file and line."""
    stack.write(
        "values.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Valeu\nmetadata: {name: a}\nspec: {}\n",
    )
    ran = stack.run(command, "--output", form)
    assert ran.code == 1
    assert "values.yaml" in ran.out
    assert "Local::Valeu" in ran.out
    if form == "sarif":
        assert {r["level"] for r in results(ran)} == {"error"}
    if form == "junit":
        assert xml(ran).get("failures") != "0"
    if form == "html":
        assert "error" in page(ran).text


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab", "markdown", "html"])
def test_files_that_are_right_have_no_findings(stack, form):
    """A form without findings is still whole: an empty list, or the summary alone."""
    stack.values(a="1")
    ran = stack.run("validate", "--output", form)
    assert ran.code == 0
    if form == "sarif":
        assert results(ran) == []
    elif form == "gitlab":
        assert json.loads(ran.out) == []
    elif form == "junit":
        assert xml(ran).get("failures") == "0"
    else:
        assert "Valid: 1 resource." in ran.out


def test_drift_is_a_finding_at_the_resource(stack):
    """What was changed outside is a warning with the desired and the actual value."""
    stack.write(
        "f.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::File\nmetadata: {name: f}\n"
        f"spec: {{path: {stack.folder}/f.txt, content: one}}\n",
    )
    stack.apply()
    (stack.folder / "f.txt").write_text("two")
    ran = stack.run("drift", "--output", "sarif")
    assert ran.code == 2
    (found,) = results(ran)
    assert 'desired "one", actual "two"' in found["message"]["text"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("f.yaml")


def test_an_apply_that_fails_is_a_finding(stack):
    """A failed step stands at its resource, and JUnit counts it."""
    stack.write(
        "c.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::File\nmetadata: {name: f}\n"
        f"spec: {{path: {stack.folder}/opsctl.yaml/f.txt, content: one}}\n",
    )
    ran = stack.run("apply", "--auto-approve", "--output", "junit")
    assert ran.code == 1
    suite = xml(ran)
    assert suite.get("failures") == "1"


def test_input_is_saved_for_tests(denied):
    """Plan --save-input writes what policies see, for its owner only."""
    ran = denied.run("plan", "--save-input", "input.json")
    path = denied.folder / "input.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [c["address"] for c in json.loads(path.read_text())["resource_changes"]] == ["a", "b"]
    assert "opsctl policy eval -i input.json" in ran.err
