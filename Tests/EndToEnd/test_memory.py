"""What a running node remembers besides windows: tables that are saved, and the last messages of other topics."""

import json

from conftest import free_port, running
from test_node import Listener, configuration, publish

TABLE_RULE = """
table machines from "machines.csv" key id
rule hot {
  from "plant/{machine}/temperature"
  window last 100 by machine
  when .value > machines[machine].limit
  publish "out/{machine}" { n: count(), limit: machines[machine].limit }
}
"""

LATEST_RULE = """
rule above {
  from "plant/{machine}/temperature"
  where .value > latest("plant/{machine}/setpoint").celsius ?? 100
  publish "out/{machine}" { value: .value, setpoint: latest("plant/{machine}/setpoint").celsius }
}
"""


def rules(folder, text):
    (folder / "rules").mkdir()
    (folder / "rules/a.rules").write_text(text)


def test_a_saved_table_is_in_force_and_windows_stay(tmp_path):
    rules(tmp_path, TABLE_RULE)
    table = tmp_path / "rules/machines.csv"
    table.write_text("id,limit\npress,85\n")
    port = free_port()
    with running(tmp_path, configuration(tmp_path, port)) as node:
        listener = Listener(port, "out/#")
        for value in (80, 90):
            publish(port, "plant/press/temperature", json.dumps({"value": value}))
        assert json.loads(listener.wait(1)[0].payload) == {"n": 2, "limit": 85}
        table.write_text("id,limit\npress,70\n")
        line = node.wait_for("rules reloaded")
        assert "kept=hot" in line
        publish(port, "plant/press/temperature", '{"value": 75}')
        assert json.loads(listener.wait(2)[1].payload) == {"n": 3, "limit": 70}
        table.write_text("id,limit\npress,70,9\n")
        node.wait_for("E0703")
        node.wait_for("the rules were not reloaded")
        publish(port, "plant/press/temperature", '{"value": 76}')
        assert json.loads(listener.wait(3)[2].payload) == {"n": 4, "limit": 70}
        listener.close()


def test_the_last_message_of_another_topic_survives_a_kill(tmp_path):
    rules(tmp_path, LATEST_RULE)
    port = free_port()
    with running(tmp_path, configuration(tmp_path, port)) as node:
        publish(port, "plant/press/setpoint", '{"celsius": 50}')
        publish(port, "plant/press/temperature", '{"value": 60}')
        node.kill()
        node.start()
        listener = Listener(port, "out/#")
        publish(port, "plant/press/temperature", '{"value": 40}')
        publish(port, "plant/press/temperature", '{"value": 61}')
        assert json.loads(listener.wait(1)[0].payload) == {"value": 61, "setpoint": 50}
        publish(port, "plant/press/setpoint", '{"celsius": 70}')
        publish(port, "plant/press/temperature", '{"value": 65}')
        publish(port, "plant/press/temperature", '{"value": 71}')
        assert json.loads(listener.wait(2)[1].payload) == {"value": 71, "setpoint": 70}
        listener.close()
