"""The TextMate grammar and the extension: valid, and they mark the right words.

The grammar keeps to what Python's `re` and Oniguruma understand alike. A small interpreter of begin/end rules, in this
file, colours sample lines as an editor does.
"""

import json
import pathlib
import re

import pytest

EDITORS = pathlib.Path(__file__).resolve().parents[2] / "editors"
GRAMMAR = json.loads((EDITORS / "rules.tmLanguage.json").read_text())


def expressions(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("match", "begin", "end"):
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


def included(rules):
    """The rules themselves, with includes resolved."""
    for rule in rules:
        if "include" in rule:
            yield from included([GRAMMAR["repository"][rule["include"][1:]]])
        elif "match" in rule or "begin" in rule:
            yield rule
        else:
            yield from included(rule["patterns"])


def colour(text):
    """Each character with the names of its scopes, innermost last."""
    scopes = []
    stack = [{"patterns": GRAMMAR["patterns"]}]

    def mark(match, names, captures):
        marks = [list(names) for _ in match.group()]
        for number, capture in (captures or {}).items():
            start, end = match.span(int(number))
            for position in range(start, end):
                marks[position - match.start()].append(capture["name"])
        scopes.extend(zip(match.group(), marks))

    for line in text.splitlines(keepends=True):
        position = 0
        while position < len(line):
            top = stack[-1]
            best, chosen = (re.compile(top["end"], re.M).search(line, position), None) if "end" in top else (None, None)
            for rule in included(top["patterns"]):
                match = re.compile(rule.get("match") or rule["begin"], re.M).search(line, position)
                if match and (best is None or match.start() < best.start()):
                    best, chosen = match, rule
            names = [level["name"] for level in stack if "name" in level]
            if best is None:
                scopes.extend((character, names) for character in line[position:])
                break
            scopes.extend((character, names) for character in line[position:best.start()])
            if chosen is None:
                mark(best, names, top.get("endCaptures"))
                stack.pop()
            elif "match" in chosen:
                mark(best, names + [chosen["name"]] if "name" in chosen else names, chosen.get("captures"))
                assert best.end() > best.start(), f"{chosen} matches nothing"
            else:
                mark(best, names + [chosen["name"]] if "name" in chosen else names, chosen.get("beginCaptures"))
                stack.append(chosen)
            position = best.end()
    return scopes


def scope(text, words, number=1):
    """The scopes of the first character of the `number`-th `words`."""
    start = -1
    for _ in range(number):
        start = text.index(words, start + 1)
    scopes = colour(text)
    assert "".join(character for character, _ in scopes) == text
    return " ".join(scopes[start][1])


def test_every_expression_compiles():
    found = list(expressions(GRAMMAR))
    assert len(found) > 15
    for expression in found:
        re.compile(expression)


def test_every_include_is_there():
    for name in re.findall(r'"include": "#(\w+)"', (EDITORS / "rules.tmLanguage.json").read_text()):
        assert name in GRAMMAR["repository"]


RULE = r"""# a comment with "text"
let too_hot = 85.5
table machines from "machines.csv" key id
rule hot "Title {x}" {
  from "plant/{machine}/+/{rest...}", "lab/#" as json { value: number, since: time s }
  where .value > too_hot and matches(.mode, 'a{b}\d') # why
  window last 30s by machine
  when mean(.value) > -5e3 for 1.5m until .from == "a\"{round(.x, 2)}\u{1F525}" ?? missing
  publish "cloud/{machine}" qos 1 { machine, publish: .value }
}
test "it works" {
  send 3 times "plant/a" { value: 90 } every 1s
  expect nothing
}
"""


@pytest.mark.parametrize("words, number, expected", [
    ("# a comment", 1, "comment.line"), ("\"text\"", 1, "comment.line"), ("too_hot", 1, "variable.other.constant"),
    ("85.5", 1, "constant.numeric.sluice"), ("table", 1, "keyword.declaration"), ("rule", 1, "keyword.declaration.rule"),
    ("hot \"", 1, "entity.name.function"), ("Title", 1, "string.quoted.double"), ("from \"plant", 1, "keyword.control.clause"),
    ("plant/", 1, "string.quoted.double.topic"), ("machine}", 1, "variable.parameter.capture"),
    ("+/", 1, "keyword.operator.wildcard"), ("rest...", 1, "variable.parameter.capture"), ("...", 1, "keyword.operator.rest"),
    ("#\"", 1, "keyword.operator.wildcard"), ("as json", 1, "keyword.other"), ("value: number", 1, "variable.other.member"),
    ("number,", 1, "storage.type"), ("time s", 1, "storage.type"), ("where", 1, "keyword.control.clause"),
    (".value", 1, "variable.other.property.field"), ("and matches", 1, "keyword.operator.word"),
    ("matches", 1, "support.function"), ("'a{b}", 1, "string.quoted.single"), ("# why", 1, "comment.line"),
    ("window", 1, "keyword.control.clause"), ("last 30s", 1, "keyword.other"), ("30s", 1, "constant.numeric.duration"),
    ("by machine", 1, "keyword.other"), ("mean", 1, "support.function"), ("5e3", 1, "constant.numeric.sluice"),
    ("1.5m", 1, "constant.numeric.duration"), (".from", 1, "variable.other.property.field"),
    ("\\\"{round", 1, "constant.character.escape"), ("round", 1, "support.function"), (".x", 1, "variable.other.property.field"),
    ("\\u{1F525}", 1, "constant.character.escape"), ("??", 1, "keyword.operator"), ("missing", 1, "constant.language"),
    ("publish \"cloud", 1, "keyword.control.clause"), ("machine}\" qos", 1, "meta.embedded"), ("qos", 1, "keyword.other"),
    ("publish: ", 1, "variable.other.member"), ("test", 1, "keyword.declaration.test"), ("send", 1, "keyword.control.test"),
    ("times", 1, "keyword.control.test"), ("every 1s", 1, "keyword.control.test"), ("1s\n", 1, "constant.numeric.duration"),
    ("nothing", 1, "keyword.control.test"),
])
def test_words_are_marked(words, number, expected):
    assert expected in scope(RULE, words, number)


def test_nothing_runs_on_over_the_end():
    """A text without an end ends with its line, and after a test block the file goes on as before it."""
    text = 'rule a {\n  where .x == "open\n  when .y\n}\ntest "t" {\n  send "a" { value: 1 }\n}\nrule b {\n}\n'
    assert "string" not in scope(text, "when")
    assert "meta.test" not in scope(text, "rule", 2)


def test_the_shipped_rules_leave_nothing_open():
    for file in sorted((EDITORS.parent / "rules").glob("**/*.rules")):
        text = file.read_text() + "\nrule the_last {\n"
        assert scope(text, "the_last") == "entity.name.function.rule.sluice-rules", file


def test_the_extension_is_whole():
    folder = EDITORS / "vscode"
    package = json.loads((folder / "package.json").read_text())
    json.loads((folder / "language-configuration.json").read_text())
    assert (folder / package["main"]).is_file()
    language, = package["contributes"]["languages"]
    grammar, = package["contributes"]["grammars"]
    assert language["id"] == grammar["language"] and grammar["scopeName"] == GRAMMAR["scopeName"]
    assert (folder / language["configuration"]).is_file()
    # It is packed without Node.js: there is nothing that would have to be fetched.
    assert not list(folder.glob("node_modules")) and "dependencies" not in package
