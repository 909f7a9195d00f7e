"""The language server, asked as an editor asks it."""

import json
import subprocess
import time

from conftest import PATIENCE_SECONDS, binary, sluice
from language_client import Client

RULE = """\
let too_hot = 85

rule hot {
  from "plant/{machine}/temperature" { value: number, unit: text }
  let kelvin = .value + 273.15
  window last 30s by machine
  when mean(kelvin) > too_hot
  publish "cloud/hot/{machine}" { machine, value: .value }
}
"""
URI = "file:///site/rules/hot.rules"


def place(text, words, inside=0):
    """Line and UTF-16 character of the first place of `words`."""
    start = text.index(words) + inside
    before = text[:start]
    line = before.count("\n")
    character = len(before[before.rfind("\n") + 1:].encode("utf-16-le")) // 2
    return line, character


def span(line, start, end):
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}


def labels(items):
    return [item["label"] for item in items]


def test_initialize_says_what_the_server_can_do():
    with Client() as client:
        capabilities = client.answer["capabilities"]
        assert capabilities["positionEncoding"] == "utf-16"
        assert capabilities["textDocumentSync"]["change"] == 2
        for name in ("hoverProvider", "definitionProvider", "documentFormattingProvider", "completionProvider"):
            assert capabilities[name]
        assert client.answer["serverInfo"]["name"] == "sluice"


def test_findings_come_and_go():
    with Client() as client:
        client.open(URI, RULE.replace("by machine", "by machne"))
        finding, = client.found(URI)
        assert finding["code"] == "E0203" and finding["severity"] == 1 and finding["source"] == "sluice"
        assert finding["message"].startswith("unknown name `machne`\nhelp: did you mean the capture `machine`?")
        assert finding["range"] == span(5, 21, 27)
        client.change(URI, {"text": RULE})
        assert client.found(URI) == []
        warned = RULE.replace("mean(kelvin) > too_hot", "mean(kelvin) == too_hot")
        client.change(URI, {"text": warned})
        finding, = client.found(URI)
        assert finding["code"] == "W0406" and finding["severity"] == 2


def test_incremental_edits():
    with Client() as client:
        client.open(URI, RULE)
        line, character = place(RULE, "machine\n  when")
        client.change(URI, {"range": span(line, character, character + 7), "text": "machne"})
        assert [finding["code"] for finding in client.found(URI)] == ["E0203"]
        # Two edits in one message: the second is in the text that the first made.
        client.change(
            URI, {"range": span(line, character, character + 6), "text": "machine\n\n"},
            {"range": {"start": {"line": line + 1, "character": 0}, "end": {"line": line + 2, "character": 0}}, "text": ""})
        assert client.found(URI) == []
        # What is beyond the text is its end.
        client.change(URI, {"range": span(900, 5, 9), "text": "rule"})
        assert [finding["code"] for finding in client.found(URI)] == ["E0110"]


def test_positions_are_utf_16():
    """An emoji is one scalar and two units; a combining mark is a scalar and a unit of its own."""
    text = 'rule r {\n  from "a/{x}"\n  where .s == "\U0001F525e\u0301" and nope\n  publish "b/{x}" { x }\n}\n'
    with Client() as client:
        client.open(URI, text)
        finding, = client.found(URI)
        start = len('  where .s == "') + 4 + len('" and ')
        assert finding["range"] == span(2, start, start + 4)
        # Replaces the emoji by a letter; the rest must still stand.
        start = len('  where .s == "')
        client.change(
            URI, {"range": span(2, start, start + 2), "text": "z"},
            {"range": span(2, start + 3 + len('" and '), start + 3 + len('" and nope')), "text": "true"})
        assert "E0203" not in [finding["code"] for finding in client.found(URI)]
        hover = client.at("hover", URI, 2, len("  where .s"))
        assert hover["range"] == span(2, 9, 10)


def test_lines_may_end_with_carriage_returns():
    text = RULE.replace("by machine", "by machne").replace("\n", "\r\n")
    with Client() as client:
        client.open(URI, text)
        assert client.found(URI)[0]["range"] == span(5, 21, 27)


def test_findings_across_files(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    first, second = rules / "a.rules", rules / "b.rules"
    first.write_text(RULE)
    second.write_text('rule other {\n  from "x"\n  publish "y"\n}\n')
    with Client(tmp_path) as client:
        assert client.found(first.as_uri()) in ([], None)
        # What is open counts, and not what is on the disk.
        client.open(second.as_uri(), 'rule hot {\n  from "x"\n  publish "y"\n}\n')
        finding, = client.found(second.as_uri())
        assert finding["code"] == "E0201"
        related, = finding["relatedInformation"]
        assert related["location"] == {"uri": first.as_uri(), "range": span(2, 5, 8)}
        assert related["message"] == "first named here"
        client.notify("textDocument/didClose", {"textDocument": {"uri": second.as_uri()}})
        assert client.found(second.as_uri()) == []
        # A loop through two files; the second changes on the disk.
        client.open(first.as_uri(), 'rule one {\n  from "a"\n  publish "b"\n}\n')
        second.write_text('rule two {\n  from "b"\n  publish "a"\n}\n')
        client.notify("textDocument/didSave", {"textDocument": {"uri": second.as_uri()}})
        assert "E0404" in [finding["code"] for finding in client.found(first.as_uri()) + client.findings.get(second.as_uri(), [])]


def test_an_option_names_the_rules(tmp_path):
    for name in ("rules", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hot.rules").write_text(RULE)
    uri = (tmp_path / "rules" / "hot.rules").as_uri()
    with Client(tmp_path) as client:
        client.open(uri, RULE)
        assert [finding["code"] for finding in client.found(uri)] == ["E0201"]
    with Client(tmp_path, {"rules": ["rules"]}) as client:
        client.open(uri, RULE)
        assert client.found(uri) == []


def test_tables_beside_the_rules(tmp_path):
    (tmp_path / "machines.csv").write_text("id,limit,site\npress-1,85,north\n")
    text = (
        'table machines from "machines.csv" key id\n\nrule r {\n  from "p/{m}"\n'
        '  where .v > machines[m].limt\n  publish "q/{m}"\n}\n')
    uri = (tmp_path / "t.rules").as_uri()
    with Client(tmp_path) as client:
        client.open(uri, text)
        assert [finding["code"] for finding in client.found(uri)] == ["E0212"]
        assert labels(client.at("completion", uri, *place(text, "limt"))) == ["id", "limit", "site"]


def test_formatting():
    with Client() as client:
        client.open(URI, RULE.replace("  window", "      window"))
        parameters = {"textDocument": {"uri": URI}, "options": {"tabSize": 2, "insertSpaces": True}}
        edit, = client.request("textDocument/formatting", parameters)
        assert edit["newText"] == RULE
        assert edit["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
        client.change(URI, {"text": RULE})
        assert client.request("textDocument/formatting", parameters) == []
        client.change(URI, {"text": "rule {"})
        assert client.ask("textDocument/formatting", parameters)["error"]["code"] == -32803


def test_hover():
    with Client() as client:
        client.open(URI, RULE)
        for words, inside, expected in (
                ("machine\n", 0, "{machine}"), ("kelvin)", 2, "let kelvin = .value + 273.15"),
                ("kelvin)", 2, "It is a number."), ("too_hot\n", 1, "A constant of this file. It is a number."),
                ("mean(", 1, "The mean over the window."), ("window last", 0, "looked at together"),
                ("last 30s", 0, "newest events"), (".value + ", 2, "a number, says the schema"), ("hot {", 0, "rule hot"),
                ("/{machine}\"", 3, "{machine}")):
            hover = client.at("hover", URI, *place(RULE, words, inside))
            assert hover and expected in hover["contents"]["value"], (words, hover)
            assert hover["contents"]["kind"] == "markdown"
        assert client.at("hover", URI, 1, 0) is None


def test_definition():
    with Client() as client:
        client.open(URI, RULE)
        for words, inside, expected in (
                ("too_hot\n", 0, ("too_hot =", 7)), ("kelvin)", 0, ("kelvin =", 6)),
                ("machine\n", 3, ("machine}", 7)), ("/{machine}\" {", 2, ("machine}", 7)), ("hot {", 0, ("hot {", 3))):
            line, character = place(RULE, expected[0])
            assert client.at("definition", URI, *place(RULE, words, inside)) == {
                "uri": URI, "range": span(line, character, character + expected[1])}, words
        assert client.at("definition", URI, *place(RULE, "mean(")) is None


def test_completion():
    with Client() as client:
        client.open(URI, RULE)
        line, _ = place(RULE, "  when mean")

        def offered(text, at_line=line):
            changed = RULE.split("\n")
            changed[at_line] = text
            client.change(URI, {"text": "\n".join(changed)})
            return client.at("completion", URI, at_line, len(text))

        names = labels(offered("  when "))
        assert {"machine", "kelvin", "too_hot", "mean", "zscore", "round"} <= set(names)
        # Aggregates need a window above, and a let is known below itself only.
        above = labels(offered("  where ", 4))
        assert "mean" not in above and "abs" in above and "kelvin" not in above
        assert labels(offered("  when .")) == ["unit", "value"]
        assert labels(offered("  window ", 5)) == ["last", "every", "session", "silent"]
        clauses = labels(offered("  "))
        assert {"let", "when", "limit", "publish"} <= set(clauses) and not {"from", "where", "window"} & set(clauses)
        assert labels(offered("", 1)) == ["rule", "test", "let", "table", "model"]
        assert offered("  # a comm") == [] and offered("  publish \"clo") == []
        assert "machine" in labels(offered("  publish \"cloud/{ma", 7))
        percentile = next(item for item in offered("  when ") if item["label"] == "percentile")
        assert percentile["insertText"] == "percentile($1, ${2:95})" and percentile["insertTextFormat"] == 2
        assert "percent" in percentile["documentation"]


def test_what_can_not_be_read_is_answered():
    with Client() as client:
        for body, code in (
                (b"{", -32700), (b"\xff\xfe", -32700), (b"[1]", -32600), (b"5", -32600), (b"[" * 100_000, -32700),
                (b'{"id": 7}', -32600), (b'{"id": 7, "method": 3}', -32600)):
            client.write(body)
            assert client.next_answer()["error"]["code"] == code, body[:20]
        client.write(b"", b"Content-Length: x\r\n\r\n")
        assert client.next_answer()["error"]["code"] == -32700
        client.write(b"", b"Hello\r\n\r\n")
        assert client.next_answer()["error"]["code"] == -32700
        size = (16 << 20) + 1
        client.write(b" " * size)
        assert "at most" in client.next_answer()["error"]["message"]
        assert client.ask("textDocument/rename", {})["error"]["code"] == -32601
        assert client.ask("textDocument/hover", {})["error"]["code"] == -32602
        assert client.ask("textDocument/hover", {"textDocument": {"uri": 5}})["error"]["code"] == -32602
        assert client.ask("textDocument/hover", {"textDocument": {"uri": "file:///gone"}})["error"]["code"] == -32803
        client.open(URI, RULE)
        for position in (None, {}, {"line": "1", "character": 0}, {"line": -1, "character": 0}, {"line": 1.5, "character": 0}):
            answer = client.ask("textDocument/hover", {"textDocument": {"uri": URI}, "position": position})
            assert answer["error"]["code"] == -32602, position
        assert client.at("hover", URI, 10 ** 15, 10 ** 15) is None
        # Notifications that make no sense change nothing.
        for parameters in ({}, {"textDocument": {"uri": URI}}, {"textDocument": {"uri": URI}, "contentChanges": [5]}):
            client.notify("textDocument/didChange", parameters)
        client.change(URI, {"range": {"start": {"line": 5, "character": 9}, "end": {"line": 1, "character": 0}}, "text": ""})
        client.change(URI, {"range": 5, "text": "rule rule rule"})
        assert client.found(URI) == []


def test_any_text_is_survived():
    with Client() as client:
        client.open(URI, RULE)
        for text in ("\ufeff" + RULE, "\"" * 3000, "{" * 3000, "rule r { from \"{" + "\"{" * 500, "\0\r\r\n\u2028", "rule", ""):
            client.change(URI, {"text": text})
            for method in ("hover", "completion", "definition"):
                client.at(method, URI, 0, min(len(text), 9))
        client.change(URI, {"text": RULE})
        assert client.found(URI) == []


def test_order_of_a_session():
    with Client() as client:
        assert client.ask("initialize", {})["error"]["code"] == -32600
        assert client.request("shutdown", {}) is None
        assert client.ask("textDocument/hover", {})["error"]["code"] == -32600
        client.notify("exit", {})
        assert client.process.wait(PATIENCE_SECONDS) == 0
    with Client() as client:
        client.notify("exit", {})
        assert client.process.wait(PATIENCE_SECONDS) == 1
    with Client() as client:
        assert client.end() == 1
    fresh = Client()
    assert fresh.ask("textDocument/hover", {})["error"]["code"] == -32002
    assert fresh.end() == 1


def test_hundred_rules_are_checked_while_one_types(tmp_path):
    for number in range(100):
        (tmp_path / f"r{number}.rules").write_text(
            RULE.replace("rule hot", f"rule hot_{number}").replace("cloud/hot", f"cloud/hot{number}"))
    uri = (tmp_path / "r0.rules").as_uri()
    text = (tmp_path / "r0.rules").read_text()
    with Client(tmp_path) as client:
        client.open(uri, text)
        assert client.found(uri) == []
        began = time.monotonic()
        for _ in range(10):
            client.change(uri, {"range": span(1, 0, 0), "text": "#"})
        assert client.found(uri) == []
        milliseconds = (time.monotonic() - began) * 100
        print(f"{milliseconds:.1f} ms for a change among 100 rules")
        assert milliseconds < 500


def test_help_and_standard_flag():
    assert "Language Server Protocol" in sluice("lsp", "--help").stdout
    body = json.dumps({"jsonrpc": "2.0", "method": "exit"}).encode()
    result = subprocess.run(
        [binary(), "lsp", "--stdio"], input=b"Content-Length: %d\r\n\r\n" % len(body) + body, capture_output=True,
        timeout=PATIENCE_SECONDS, check=False)
    assert result.returncode == 1 and result.stdout == b"" and result.stderr == b""
