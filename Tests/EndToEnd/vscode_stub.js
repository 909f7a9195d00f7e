// Stands in for VS Code: runs the extension on one file and prints what it got, as JSON.
// usage: node vscode_stub.js EXTENSION SLUICE FILE [ARGUMENTS…]
"use strict";

const fs = require("fs");
const Module = require("module");
const path = require("path");
const { pathToFileURL } = require("url");

const [extension, sluice, file, ...options] = process.argv.slice(2);
const handlers = {};
const providers = {};
const shown = new Map();
const log = [];
let wake = () => {};

const disposable = { dispose() {} };
const uri = (text) => ({ scheme: "file", fsPath: new URL(text).pathname, toString: () => text });
const on = (name) => (handler) => ((handlers[name] = handler), disposable);
const provide = (name) => (_, provider) => ((providers[name] = provider), disposable);

class Range {
  constructor(startLine, startCharacter, endLine, endCharacter) {
    this.start = { line: startLine, character: startCharacter };
    this.end = { line: endLine, character: endCharacter };
  }
}
const values = {
  Diagnostic: class { constructor(range, message, severity) { Object.assign(this, { range, message, severity }); } },
  DiagnosticRelatedInformation: class { constructor(place, message) { Object.assign(this, { place, message }); } },
  Location: class { constructor(place, range) { Object.assign(this, { uri: place.toString(), range }); } },
  MarkdownString: class { constructor(value) { this.value = value; } },
  SnippetString: class { constructor(value) { this.snippet = value; } },
  Hover: class { constructor(contents, range) { Object.assign(this, { contents, range }); } },
  CompletionItem: class { constructor(label, kind) { Object.assign(this, { label, kind }); } },
  TextEdit: { replace: (range, text) => ({ range, text }) },
  Uri: { parse: uri },
  Range,
};

const document = {
  uri: uri(pathToFileURL(file).toString()), languageId: "sluice-rules", version: 1, text: fs.readFileSync(file, "utf8"),
  getText() { return this.text; },
};
const settings = { path: sluice, arguments: options, rules: [] };
const vscode = {
  ...values,
  workspace: {
    textDocuments: [document],
    workspaceFolders: [{ uri: uri(pathToFileURL(path.dirname(file)).toString()), name: "rules" }],
    getConfiguration: () => ({ get: (name, otherwise) => settings[name] ?? otherwise }),
    createFileSystemWatcher: () => ({ onDidCreate: on("create"), onDidChange: on("write"), onDidDelete: on("delete"), ...disposable }),
    onDidOpenTextDocument: on("open"), onDidChangeTextDocument: on("change"), onDidSaveTextDocument: on("save"),
    onDidCloseTextDocument: on("close"),
  },
  languages: {
    createDiagnosticCollection: () => ({
      set(place, list) { shown.set(place.toString(), list); wake(); }, clear() { shown.clear(); }, ...disposable,
    }),
    registerHoverProvider: provide("hover"), registerCompletionItemProvider: provide("completion"),
    registerDefinitionProvider: provide("definition"), registerDocumentFormattingEditProvider: provide("formatting"),
  },
  window: {
    createOutputChannel: () => ({ appendLine(text) { log.push(text); wake(); }, ...disposable }),
    showErrorMessage(text) { log.push(text); },
  },
};

const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));

const until = async (condition) => {
  while (!condition()) await new Promise((resolve) => { wake = resolve; });
};

async function main() {
  const { activate, deactivate } = require(path.resolve(extension));
  const findings = () => shown.get(document.uri.toString());
  await activate({ subscriptions: [] });
  await until(() => findings());
  const result = { before: findings() };
  // Mends the word that is wrong, as somebody who types.
  const line = document.text.split("\n").findIndex((text) => text.includes("machne"));
  const character = document.text.split("\n")[line].indexOf("machne");
  document.text = document.text.replace("machne", "machine");
  document.version += 1;
  handlers.change({ document, contentChanges: [{ range: new Range(line, character, line, character + 6), text: "machine" }] });
  await until(() => findings().length === 0);
  const position = { line, character: character + 2 };
  result.hover = await providers.hover.provideHover(document, position);
  result.definition = await providers.definition.provideDefinition(document, position);
  result.completions = await providers.completion.provideCompletionItems(document, position);
  result.edits = await providers.formatting.provideDocumentFormattingEdits(document);
  if (options.length > 0) await until(() => log.length > 0);
  await deactivate();
  console.log(JSON.stringify({ ...result, log }));
}

main();
