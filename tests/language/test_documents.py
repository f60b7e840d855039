"""What stands around a spec is checked: every mistake with its line, and what to type instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.stages.load import load

HEAD = "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\n"
GOOD = HEAD + "metadata: {name: a}\n"
COMPOSITE = """\
apiVersion: opsctl.dev/v1
kind: CompositeType
metadata: {name: Cache}
schema:
  properties: {size: {type: string, enum: [small, large], default: small}}
  required: [size]
clouds:
  local:
    resources:
      - {type: Local::Value, metadata: {name: server}, spec: {value: "${parent.spec.size}"}}
    status: {id: "${server.status.id}"}
    require: [{that: "${parent.spec.size != 'large'}", message: too large}]
"""


def told(loaded) -> list[tuple[str, str, str]]:
    """Place, message and hint of each diagnostic."""
    return [(str(d.position), d.message, d.hint) for d in loaded.diagnostics]


def test_the_documents_of_the_manual_are_well_formed(write):
    text = GOOD + (
        "provider: local\n"
        'forEach: "${params.zones}"\n'
        "dependsOn: [logs]\n"
        "lifecycle: {preventDestroy: true, replace: createFirst, ignore: [spec.Tags], deletion: retain}\n"
        "takeFrom: other\n"
        "health:\n"
        '  - http: {url: "http://${self.status.ip}:8080/health", expect: {status: 200}}\n'
        "    within: 5m\n    interval: 500ms\n    successes: 2\n    onFailure: undo\n"
        '  - tcp: {host: "${self.status.ip}", port: "${params.port}"}\n'
        "    timeout: 3\n"
        "  - status: {}\n"
        'spec: {value: "${each.value}"}\n'
    )
    others = "\n---\n".join(
        f"apiVersion: opsctl.dev/v1\n{rest}"
        for rest in (
            "kind: Data\ntype: Local::Value\nmetadata: {name: image}\nspec: {value: 1}",
            "kind: Import\nspec: {to: 'a[\"x\"]', id: i-1, takeFrom: other}",
            "kind: Moved\nspec: {from: old, to: new}",
            "kind: Removed\nspec: {from: old, delete: true}",
            "kind: Cache\nmetadata: {name: sessions}\nprovider: local\nspec: {size: small}",
        )
    )
    folder = write(
        "params: {zones: {type: list, default: []}, port: {type: int, default: 1}}\n",
        a=text,
        b=others,
        c=COMPOSITE,
    )
    loaded = load(folder)
    assert told(loaded) == []
    assert [d.kind for d in loaded.documents] == [
        *("Resource", "Data", "Import", "Moved", "Removed", "Cache", "CompositeType")
    ]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (
            GOOD.removeprefix("apiVersion: opsctl.dev/v1\n"),
            "1:1",
            "apiVersion is required",
            "write apiVersion: opsctl.dev/v1",
        ),
        (GOOD.replace("v1", "v2"), "1:13", "apiVersion is 'opsctl.dev/v2'", "opsctl.dev/v1"),
        ("apiVersion: opsctl.dev/v1\n", "1:1", "kind is required", "Resource"),
        (GOOD.replace("Resource", "Resorce"), "2:7", "no kind 'Resorce'", "'Resource'"),
        (GOOD.replace("kind: Resource", "kind: [Resource]"), "2:1", "kind must be a string", ""),
        (GOOD.replace("Resource", "Stack"), "2:7", "cannot stand here", "folder of its own"),
        (GOOD.replace("Resource", "Environment"), "2:7", "cannot stand here", "environments/NAME.yaml"),
        (HEAD, "1:1", "metadata is required", "metadata: {name: …}"),
        (HEAD + "metadata: {}\n", "4:1", "metadata.name is required", "unique in the stack"),
        (HEAD + "metadata: {name: a b}\n", "4:18", "metadata.name is 'a b'", "letters, digits"),
        (HEAD + "metadata: {name: a/b}\n", "4:18", "metadata.name is 'a/b'", "letters, digits"),
        (HEAD + 'metadata: {name: "${params.x}"}\n', "4:18", "an expression cannot stand here", ""),
        (HEAD + "metadata: {name: 12}\n", "4:18", "must be a string, not an integer", 'quote it: "12"'),
        (
            HEAD + "metadata: {name: a, labels: {x: true}}\n",
            "4:33",
            "labels.x must be a string",
            'quote it: "true"',
        ),
        (HEAD + "metadata: {name: a, lables: {}}\n", "4:21", "unknown property metadata.lables", "'labels'"),
        (GOOD.replace("type: Local::Value\n", ""), "1:1", "type is required", "AWS::EC2::VPC"),
        (GOOD + "sepc: {}\n", "5:1", "unknown property sepc", "'spec'"),
        (GOOD + "spec: [1]\n", "5:1", "spec must be an object or null, not an array", ""),
        (GOOD + "dependsOn: logs\n", "5:12", "dependsOn must be an array, not a string", ""),
        (GOOD + "provider: 'A W S'\n", "5:11", "provider is 'A W S'", "aws.eu"),
        (GOOD + "forEach: abc\n", "5:10", "forEach must be an object or an array", ""),
        (
            GOOD + "lifecycle: {preventDestroy: yes}\n",
            "5:29",
            "must be a boolean, not a string",
            "write true",
        ),
        (
            GOOD + "lifecycle: {replace: createfirst}\n",
            "5:22",
            "not one of: createFirst, deleteFirst",
            "'createFirst'",
        ),
        (
            GOOD + "lifecycle: {prevent_destroy: true}\n",
            "5:13",
            "unknown property lifecycle.prevent_destroy",
            "'preventDestroy'",
        ),
        (GOOD + "health: [{http: {}}]\n", "5:11", "health[0].http.url is required", "URL"),
        (GOOD + "health: [{within: 5m}]\n", "5:10", "one of status, http and tcp", "add one"),
        (
            GOOD + "health: [{status: {}, tcp: {host: a, port: 1}}]\n",
            "5:10",
            "one of status, http and tcp",
            "one list item each",
        ),
        (
            GOOD + "health: [{status: {}, within: 5 min}]\n",
            "5:31",
            "'5 min', which is not a duration",
            "write 30s",
        ),
        (
            GOOD + 'health: [{status: {}, within: "${params.x}"}]\n',
            "5:31",
            "an expression cannot stand here",
            "the value itself",
        ),
        (
            HEAD + 'metadata: {name: a, labels: {owner: "${params.x}"}}\n',
            "4:37",
            "an expression cannot stand here",
            "labels are plain text",
        ),
        (GOOD + 'health: "${params.x}"\n', "5:9", "an expression cannot stand here", ""),
        (GOOD + "health: [{tcp: {host: a, port: 70000}}]\n", "5:32", "more than 65535", ""),
        (
            GOOD + "health: [{status: {}, onFailure: undoo}]\n",
            "5:34",
            "not one of: undo, halt, continue",
            "'undo'",
        ),
        (GOOD + "health: [{status: {}, successes: 0}]\n", "5:34", "less than 1", ""),
        (GOOD + "spec: {a: {Ref: main}}\n", "5:8", "{Ref: …} is another tool's", "${main.status.id}"),
        (GOOD + 'spec: {a: [{"Fn::GetAtt": [db, Port]}]}\n', "5:12", "another tool's", "${db.status.Port}"),
        (GOOD + "spec: {a: {get_attr: [srv, ip]}}\n", "5:8", "another tool's", "${srv.status.ip}"),
        (GOOD + "spec: {a: {get_resource: net}}\n", "5:8", "another tool's", "${net.status.id}"),
        (GOOD + 'spec: {a: "x ${a +}"}\n', "5:19", "ends too early", ""),
        (GOOD + "spec:\n  script: |\n    #!/bin/sh\n    echo ${VAR:-x}\n", "8:10", "not CEL", "$${"),
        (GOOD + 'spec: {a: "${upper(b)}"}\n', "5:19", "no function upper()", "upperAscii"),
        (GOOD + 'spec: {a: "${env.HOEM}"}\n', "5:14", "env.HOEM is not among", "'HOME'"),
        (GOOD + "spec: {a: \"${secret('plain')}\"}\n", "5:14", "names no source", "env:NAME"),
    ],
)
def test_a_mistake_is_shown_at_its_place_with_what_to_type(write, text, place, message, hint):
    (found,) = told(load(write("env: [HOME]\n", x=text)))
    assert found[0] == f"x.yaml:{place}"
    assert message in found[1]
    assert hint in found[2]


def test_all_mistakes_of_all_documents_are_told_together(write):
    folder = write(x=GOOD + "sepc: {}\nlifecycle: {replace: x}\n---\nkind: Nope\n", y=GOOD + "spec: !Ref a\n")
    assert len(load(folder).diagnostics) == 4


def test_a_document_that_is_wrong_is_not_passed_on(write):
    folder = write(x=GOOD + "sepc: {}\n---\n" + GOOD.replace("name: a", "name: b"))
    assert [d.name for d in load(folder).documents] == ["b"]


def test_the_same_files_under_other_names_give_the_same_documents(write, tmp_path):
    one = load(write(a=GOOD, b=COMPOSITE)).documents
    Path("a.yaml").rename("z.yaml")
    other = load(Path()).documents
    assert sorted(one, key=lambda d: d.name) == sorted(other, key=lambda d: d.name)


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (("type: string", "type: strin"), "5:29", "there is no type 'strin'"),
        (("default: small", "defualt: small"), "5:59", "unknown property schema.properties.size.defualt"),
        (("clouds:", "cluods:"), "7:1", "unknown property cluods"),
        (('that: "', 'tht: "'), "12:16", "unknown property clouds.local.require[0].tht"),
        (("${server.status.id}", "${server.}"), "11:28", "unexpected '.'"),
        (("name: server", "nam: server"), "10:41", "unknown property"),
    ],
)
def test_a_composite_type_is_checked_as_a_whole(write, change, place, message):
    found = told(load(write(c=COMPOSITE.replace(*change))))
    assert any(where == f"c.yaml:{place}" and message in what for where, what, _ in found), found


def test_a_composite_types_name_is_a_kind_and_is_suggested(write):
    text = "apiVersion: opsctl.dev/v1\nkind: Cahce\nmetadata: {name: sessions}\n"
    (found,) = told(load(write(c=COMPOSITE, d=text)))
    assert found[2] == "did you mean 'Cache'?"


def test_an_untrusted_run_reads_nothing_of_this_machine(write, monkeypatch):
    monkeypatch.setenv("HOME", "/home/x")
    text = (
        GOOD + 'spec: {a: "${env.HOME}", b: \'${secret("file:/etc/passwd")}\', c: \'${secret("vault:x")}\'}\n'
    )
    folder = write("env: [HOME]\n", x=text)
    assert told(load(folder)) == []
    loaded = load(folder, untrusted=True)
    assert loaded.stack.env == ()
    assert [m for _, m, _ in told(loaded)] == [
        "env cannot be read in an untrusted run",
        'secret("file:/etc/passwd") cannot be read in an untrusted run',
    ]
