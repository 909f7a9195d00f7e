"""The editors' set-ups that editors/README.md documents: the packed extension, Neovim's configuration, Helix's."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from xml.etree import ElementTree

import pytest

from conftest import PATIENCE_SECONDS, PROJECT, binary, free_port
from language_client import Client

EDITORS = PROJECT / "editors"
README = (EDITORS / "README.md").read_text()
RULE = 'rule hot {\n  from "plant/{machine}"\n  where .value > 80\n    publish "cloud/{machne}"\n}\n'


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def program(name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed: this editor's set-up was not tried")
    return path


# VS Code

def pack(folder, *arguments):
    return subprocess.run(
        [sys.executable, EDITORS / "pack-vscode", *arguments], cwd=folder, capture_output=True, text=True, check=False,
        timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    result = pack(folder)
    version = json.loads((EDITORS / "vscode" / "package.json").read_text())["version"]
    assert result.returncode == 0 and result.stdout == f"sluice-rules-{version}.vsix\n", result.stderr
    # The name in the documentation is that of the file.
    assert result.stdout.strip() in README
    return folder / result.stdout.strip()


def test_the_package_is_whole(packed):
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        package = json.loads(archive.read("extension/package.json"))
        manifest = ElementTree.fromstring(archive.read("extension.vsixmanifest"))
        types = ElementTree.fromstring(archive.read("[Content_Types].xml"))
        for name in names:
            if name.endswith(".json"):
                json.loads(archive.read(name))
        # What package.json and the sources name is there.
        language, = package["contributes"]["languages"]
        grammar, = package["contributes"]["grammars"]
        for path in (package["main"], language["configuration"], grammar["path"]):
            assert "extension/" + path.removeprefix("./") in names, path
        for name in names:
            if name.endswith(".js"):
                for path in re.findall(r'require\("(\./[^"]+)"\)', archive.read(name).decode()):
                    assert f"extension/{path[2:]}.js" in names, path
    assert re.fullmatch(r"\^\d+\.\d+\.\d+", package["engines"]["vscode"])
    assert package["activationEvents"] == [f"onLanguage:{language['id']}"]
    assert not {"dependencies", "devDependencies", "scripts"} & set(package)
    schema = "{http://schemas.microsoft.com/developer/vsx-schema/2011}"
    identity = manifest.find(f"{schema}Metadata/{schema}Identity").attrib
    assert (identity["Id"], identity["Version"], identity["Publisher"]) == (
        package["name"], package["version"], package["publisher"])
    properties = {entry.get("Id"): entry.get("Value") for entry in manifest.iter(f"{schema}Property")}
    assert properties["Microsoft.VisualStudio.Code.Engine"] == package["engines"]["vscode"]
    asset, = manifest.iter(f"{schema}Asset")
    assert asset.get("Type") == "Microsoft.VisualStudio.Code.Manifest" and asset.get("Path") in names
    # Each kind of file has a type; the file that says so needs none.
    known = {entry.get("Extension") for entry in types}
    assert {os.path.splitext(name)[1] for name in names if not name.startswith("[")} <= known


def test_packing_again_gives_the_same(packed, tmp_path):
    other = tmp_path / "other.vsix"
    assert pack(tmp_path, other).returncode == 0
    assert other.read_bytes() == packed.read_bytes()
    assert pack(tmp_path, "--out", "x").returncode == 2


def stub(packed, folder, *arguments):
    node = program("node")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder / "unpacked")
    file = folder / "hot.rules"
    file.write_text(RULE)
    result = subprocess.run(
        [node, PROJECT / "Tests" / "EndToEnd" / "vscode_stub.js", folder / "unpacked" / "extension" / "extension.js",
         binary(), file, *arguments],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_extension_speaks_with_the_server(packed, tmp_path):
    """VS Code itself is not here: a stand-in offers what the extension uses of it."""
    told = stub(packed, tmp_path)
    finding, = told["before"]
    assert finding["code"] == "E0203" and finding["severity"] == 0 and "unknown name `machne`" in finding["message"]
    assert finding["range"]["start"] == {"line": 3, "character": 20}
    assert "caught in `from`" in told["hover"]["contents"]["value"]
    assert told["definition"]["range"]["start"]["line"] == 1 and told["definition"]["uri"].endswith("/hot.rules")
    machine = next(item for item in told["completions"] if item["label"] == "machine")
    # The editor's kinds begin at 0: a variable is 5.
    assert machine["kind"] == 5 and machine["insertText"] == "machine"
    assert any("snippet" in item["insertText"] for item in told["completions"] if isinstance(item["insertText"], dict))
    edit, = told["edits"]
    assert edit["text"] == RULE.replace("machne", "machine").replace("    publish", "  publish")
    assert told["log"] == []


def test_the_extension_passes_options_on(packed, tmp_path):
    told = stub(packed, tmp_path, "--host", "127.0.0.1", "--port", str(free_port()))
    assert "no live values" in told["log"][0]


# Neovim

LOOK = """
vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 20)
local found = {}
for _, finding in ipairs(vim.diagnostic.get(0)) do
  table.insert(found, { finding.lnum, finding.col, finding.severity, finding.code, finding.message })
end
local parameters = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = 2, character = 10 } }
local answers = vim.lsp.buf_request_sync(0, "textDocument/hover", parameters, 30000)
local hover
for _, answer in pairs(answers or {}) do hover = answer.result.contents.value end
local file = io.open("told.json", "w")
file:write(vim.fn.json_encode({ filetype = vim.bo.filetype, found = found, hover = hover }))
file:close()
vim.cmd("qall!")
"""


def test_neovim_shows_findings(tmp_path):
    nvim = program("nvim")
    version = tuple(map(int, re.search(r"v(\d+)\.(\d+)", subprocess.run(
        [nvim, "--version"], capture_output=True, text=True, check=True).stdout).groups()))
    newer, older = blocks("lua")
    setup = newer if version >= (0, 11) else older
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sluice").symlink_to(binary())
    (tmp_path / "init.lua").write_text(setup)
    (tmp_path / "look.lua").write_text(LOOK)
    (tmp_path / "sluice.yaml").write_text("")
    (tmp_path / "hot.rules").write_text(RULE)
    environment = {
        **os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    result = subprocess.run(
        [nvim, "--headless", "-u", "init.lua", "-i", "NONE", "-n", "hot.rules", "-S", "look.lua"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["filetype"] == "sluice-rules", result.stderr
    (line, column, severity, code, message), = told["found"]
    assert (line, column, severity, code) == (3, 20, 1, "E0203"), result.stderr
    assert message.startswith("unknown name `machne`")
    assert "A field of the payload" in told["hover"]


# Helix

def test_helix_reads_its_configuration(tmp_path):
    text, = blocks("toml")
    # What is commented out is right too.
    for source in (text, text.replace("# config", "config")):
        settings = tomllib.loads(source)
        language, = settings["language"]
        server, = settings["language-server"].values()
        assert set(language) <= {
            "name", "scope", "file-types", "comment-token", "indent", "roots", "language-servers", "auto-format"}
        assert set(server) <= {"command", "args", "config"}
        assert language["file-types"] == ["rules"] and language["scope"].startswith("source.")
        assert language["language-servers"] == list(settings["language-server"])
        assert language["indent"] == {"tab-width": 2, "unit": "  "}
        assert server["command"] == "sluice" and server["args"][0] == "lsp"
    # Helix gives `config` as initialization options.
    folder = tmp_path / "rules"
    folder.mkdir()
    (tmp_path / "old.rules").write_text(RULE)
    (folder / "hot.rules").write_text(RULE)
    with Client(tmp_path, server["config"], server["args"][1:]) as client:
        uri = (folder / "hot.rules").as_uri()
        client.open(uri, RULE)
        assert [finding["code"] for finding in client.found(uri)] == ["E0203"]
