"""The language server with a broker: last values on hover, fields of the traffic in completion."""

import json
import time

import pytest

from conftest import PATIENCE_SECONDS, free_port, running, sluice
from language_client import Client
from test_lsp import labels, place

RULE = """\
rule hot {
  from "lsp/{machine}/temperature" { value: number }
  where .value > 80 and .battery.volts < 3
  publish "cloud/hot/{machine}" { machine }
}
"""
URI = "file:///site/rules/hot.rules"
TOPIC = "lsp/press-1/temperature"


def publish(port, topic, payload, *arguments):
    result = sluice("pub", "-p", port, "-t", topic, "-m", payload, *arguments)
    assert result.returncode == 0, result.stderr


def eventually(look, expected):
    """Asks until the answer has what is expected: a server sends nothing by itself when a value comes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = look()
        if expected(seen):
            return seen
        assert time.monotonic() < end, seen


@pytest.fixture
def client(site):
    with Client(arguments=("--host", "127.0.0.1", "--port", site.plain)) as client:
        client.open(URI, RULE)
        yield client


def hover(client, words, inside=0, text=RULE):
    answer = client.at("hover", URI, *place(text, words, inside))
    return answer["contents"]["value"] if answer else ""


def send_until_seen(client, port, payload, *, words=".value >", inside=2, topic=TOPIC, text=RULE, expected=TOPIC):
    """The subscription is made on the way; what is sent before it is gone."""
    def look():
        publish(port, topic, payload)
        return hover(client, words, inside, text)

    return eventually(look, lambda markdown: f"on `{expected}`" in markdown)


def test_hover_shows_the_last_value(client, site):
    assert "Last seen" not in hover(client, ".value >", 2)
    markdown = send_until_seen(client, site.plain, '{"value": 81.5, "battery": {"volts": 2.9}}')
    assert "A field of the payload: a number, says the schema of `from`." in markdown
    assert markdown.endswith(f"\n\nLast seen: `81.5` on `{TOPIC}`, just now.")
    assert "a number in traffic.\n\nLast seen: `2.9`" in hover(client, ".volts", 2)
    assert f"caught in `from`. It is a text.\n\nLast seen: `press-1` on `{TOPIC}`" in hover(client, "{machine}/temp", 3)
    assert "Last seen: `press-1`" in hover(client, "{ machine }", 3)
    publish(site.plain, "lsp/press-2/temperature", '{"value": "hot"}')
    markdown = eventually(lambda: hover(client, ".value >", 2), lambda text: "press-2" in text)
    assert "In traffic it is a text.\n\nLast seen: `\"hot\"` on `lsp/press-2/temperature`" in markdown
    # What the newest message does not have is that of an older one.
    assert f"Last seen: `2.9` on `{TOPIC}`" in hover(client, ".volts", 2)


def test_completion_offers_what_was_seen(client, site):
    send_until_seen(client, site.plain, '{"value": 1, "pump": {"rpm": 900, "a b": 1}, "mode": "auto"}')

    def offered(text):
        lines = RULE.split("\n")
        lines[2] = text
        client.change(URI, {"text": "\n".join(lines)})
        return client.at("completion", URI, 2, len(text))

    names = offered("  where .")
    assert labels(names) == ["mode", "pump", "value"]
    assert names[0]["detail"] == "a text" and names[0]["documentation"] == f"Last seen: `\"auto\"` on `{TOPIC}`, just now."
    inner = offered("  where .pump.")
    assert labels(inner) == ["a b", "rpm"] and [item["insertText"] for item in inner] == ['"a b"', "rpm"]


def test_topics_follow_what_is_typed(client, site):
    """And what was known before a topic was touched is known again after it."""
    send_until_seen(client, site.plain, '{"value": 1}')
    other = RULE.replace("lsp/{machine}/temperature", "lsp2/{machine}/x")
    client.change(URI, {"text": other})
    assert "Last seen" not in hover(client, ".value >", 2, other)
    send_until_seen(client, site.plain, '{"value": 2}', topic="lsp2/a/x", text=other, expected="lsp2/a/x")
    for broken in ('rule hot {\n  from "lsp/{mach', RULE.replace("lsp/{machine}", "lsp/x{machine}"), ""):
        client.change(URI, {"text": broken})
    client.change(URI, {"text": RULE})
    assert f"Last seen: `1` on `{TOPIC}`" in hover(client, ".value >", 2)
    assert client.log == []


def test_hostile_payloads_are_bounded(client, site):
    many = json.dumps({"value": 5, "t": "`" * 200 + "\u202e", **{f"f{number}": number for number in range(1_000)}})
    markdown = send_until_seen(client, site.plain, many)
    assert "Last seen: `5`" in markdown
    text = RULE.replace(".value > 80", ".")
    client.change(URI, {"text": text})
    # The payload itself is one of the 200.
    assert len(labels(client.at("completion", URI, *place(text, "where .", 7)))) == 200
    client.change(URI, {"text": RULE.replace(".value > 80", ".t == 1")})
    shown = client.at("hover", URI, 2, len("  where ."))["contents"]["value"]
    assert len(shown) < 600 and "\u202e" not in shown
    client.change(URI, {"text": RULE})
    publish(site.plain, TOPIC, json.dumps({"value": 6, "long": "x" * 70_000}))
    publish(site.plain, "lsp/press-3/temperature", "[" * 60_000)
    # Of what is too long or broken the topic counts, and the values are those from before.
    eventually(lambda: hover(client, "{machine}/temp", 3), lambda markdown: "`press-3`" in markdown)
    assert "Last seen: `5`" in hover(client, ".value >", 2)


def test_retained_messages_have_no_age(site):
    publish(site.plain, TOPIC, '{"value": 7}', "-r")
    with Client(arguments=("--host", "127.0.0.1", "--port", site.plain)) as client:
        client.open(URI, RULE)
        markdown = eventually(lambda: hover(client, ".value >", 2), lambda text: "Last seen" in text)
        assert markdown.endswith(f"Last seen: `7` on `{TOPIC}`, retained.")
    publish(site.plain, TOPIC, "", "-r")


def test_without_a_broker_nothing_changes(site):
    with Client() as client:
        client.open(URI, RULE)
        publish(site.plain, TOPIC, '{"value": 7, "more": 1}')
        assert hover(client, ".value >", 2).endswith("a number, says the schema of `from`.")
        text = RULE.replace(".value > 80", ".")
        client.change(URI, {"text": text})
        assert labels(client.at("completion", URI, *place(text, "where .", 7))) == ["battery", "value"]


def test_a_broker_that_is_away(tmp_path):
    """The editor is answered meanwhile, is told once, and gets values when the broker is there."""
    port = free_port()
    configuration = (
        f'node: n\ndata: {tmp_path}/data\nrules: []\nlisteners:\n'
        f'  - {{ name: local, tcp: "127.0.0.1:{port}", anonymous: true }}\n'
        'access:\n  - { listener: local, publish: ["#"], subscribe: ["lsp/#"] }\n')
    with Client(arguments=("--host", "127.0.0.1", "--port", port)) as client:
        client.open(URI, RULE)
        entry = client.next_log()
        assert hover(client, ".value >", 2)
        assert entry["type"] == 2 and entry["message"].startswith("sluice: no live values: ")
        with running(tmp_path, configuration):
            send_until_seen(client, port, '{"value": 1}')
            assert client.log == [entry]
            client.change(URI, {"text": RULE.replace('"lsp/{machine}/temperature"', '"lsp/{machine}/temperature", "secret/{machine}"')})
            assert "no live values of secret/+: " in client.next_log()["message"]
            client.change(URI, {"text": RULE})
        assert "connecting again" in client.next_log()["message"]
        with running(tmp_path, configuration):
            send_until_seen(client, port, '{"value": 3}', topic="lsp/back/temperature", expected="lsp/back/temperature")


def test_wrong_usage():
    for arguments in (("--port", 1883), ("--host", "x", "--insecure"), ("--host", "x", "--url", "mqtt://y")):
        result = sluice("lsp", *arguments)
        assert result.returncode == 2 and result.stdout == "" and result.stderr.startswith("sluice: "), arguments
