// Connects VS Code with `sluice lsp`. It needs nothing but VS Code itself, so that it is packed without Node.js.
"use strict";

const vscode = require("vscode");
const { Connection } = require("./connection");

const LANGUAGE = "sluice-rules";
/** A server that ends by itself is started again, but not for ever. */
const RESTARTS_MAX = 5;

class RulesClient {
  constructor() {
    this.output = vscode.window.createOutputChannel("Sluice rules");
    this.diagnostics = vscode.languages.createDiagnosticCollection("sluice");
    this.restarts = 0;
    this.ready = Promise.resolve();
  }

  start() {
    const settings = vscode.workspace.getConfiguration("sluice");
    const folder = (vscode.workspace.workspaceFolders || [])[0];
    const rules = settings.get("rules", []);
    const workingFolder = folder && folder.uri.scheme === "file" ? folder.uri.fsPath : undefined;
    this.connection = new Connection(
      settings.get("path", "sluice"), ["lsp", ...settings.get("arguments", [])], workingFolder, {
        notification: (method, params) => this.take(method, params),
        log: (text) => this.output.appendLine(text),
        ended: (reason) => this.ended(reason),
      });
    this.ready = this.initialize(folder, rules);
    return this.ready;
  }

  async initialize(folder, rules) {
    await this.connection.request("initialize", {
      processId: process.pid,
      capabilities: {},
      rootUri: folder ? folder.uri.toString() : null,
      workspaceFolders: (vscode.workspace.workspaceFolders || []).map(({ uri, name }) => ({ uri: uri.toString(), name })),
      initializationOptions: rules.length > 0 ? { rules } : {},
    });
    this.connection.notify("initialized", {});
    for (const document of vscode.workspace.textDocuments) this.opened(document);
  }

  ended(reason) {
    this.diagnostics.clear();
    this.output.appendLine(reason);
    if (this.restarts < RESTARTS_MAX) {
      this.restarts += 1;
      setTimeout(() => this.isStopped || this.start(), 1000 * this.restarts);
    } else {
      vscode.window.showErrorMessage(`Sluice rules: ${reason}. The setting sluice.path names the program.`);
    }
  }

  async stop() {
    this.isStopped = true;
    await this.connection.stop();
  }

  // What the editor tells the server

  opened(document) {
    if (document.languageId !== LANGUAGE) return;
    this.connection.notify("textDocument/didOpen", {
      textDocument: {
        uri: document.uri.toString(), languageId: LANGUAGE, version: document.version, text: document.getText(),
      },
    });
  }

  changed({ document, contentChanges }) {
    if (document.languageId !== LANGUAGE || contentChanges.length === 0) return;
    this.connection.notify("textDocument/didChange", {
      textDocument: { uri: document.uri.toString(), version: document.version },
      contentChanges: contentChanges.map(({ range, text }) => ({ range: plain(range), text })),
    });
  }

  about(method, document) {
    if (document.languageId !== LANGUAGE) return;
    this.connection.notify(method, { textDocument: { uri: document.uri.toString() } });
  }

  // What the server tells the editor

  take(method, params) {
    if (method === "textDocument/publishDiagnostics") {
      this.diagnostics.set(vscode.Uri.parse(params.uri), params.diagnostics.map(diagnostic));
    } else if (method === "window/logMessage") {
      this.output.appendLine(params.message);
    }
  }

  async ask(method, document, position) {
    await this.ready;
    return this.connection.request(`textDocument/${method}`, {
      textDocument: { uri: document.uri.toString() },
      ...(position ? { position: { line: position.line, character: position.character } } : {}),
    });
  }

  async hover(document, position) {
    const answer = await this.ask("hover", document, position);
    return answer ? new vscode.Hover(new vscode.MarkdownString(answer.contents.value), range(answer.range)) : null;
  }

  async completions(document, position) {
    return ((await this.ask("completion", document, position)) || []).map(completion);
  }

  async definition(document, position) {
    const answer = await this.ask("definition", document, position);
    return answer ? location(answer) : null;
  }

  async formatted(document) {
    const edits = (await this.ask("formatting", document)) || [];
    return edits.map((edit) => vscode.TextEdit.replace(range(edit.range), edit.newText));
  }
}

// Values of the protocol as values of the editor

function plain({ start, end }) {
  return {
    start: { line: start.line, character: start.character }, end: { line: end.line, character: end.character },
  };
}

function range({ start, end }) {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

function location(place) {
  return new vscode.Location(vscode.Uri.parse(place.uri), range(place.range));
}

// The protocol counts severities and kinds from 1, the editor from 0.

function diagnostic(finding) {
  const result = new vscode.Diagnostic(range(finding.range), finding.message, finding.severity - 1);
  result.code = finding.code;
  result.source = finding.source;
  result.relatedInformation = (finding.relatedInformation || []).map((related) =>
    new vscode.DiagnosticRelatedInformation(location(related.location), related.message));
  return result;
}

function completion(item) {
  const result = new vscode.CompletionItem(item.label, item.kind - 1);
  result.detail = item.detail;
  if (item.documentation) result.documentation = new vscode.MarkdownString(item.documentation);
  result.insertText = item.insertTextFormat === 2 ? new vscode.SnippetString(item.insertText) : item.insertText;
  return result;
}

let client;

async function activate(context) {
  client = new RulesClient();
  const { workspace, languages } = vscode;
  const selector = { language: LANGUAGE };
  // Rules, tables and models that another program writes count too.
  const watcher = workspace.createFileSystemWatcher("**/*.{rules,csv,json,onnx}");
  const filesChanged = () => client.connection.notify("workspace/didChangeWatchedFiles", { changes: [] });
  context.subscriptions.push(
    client.output, client.diagnostics, watcher,
    watcher.onDidCreate(filesChanged), watcher.onDidChange(filesChanged), watcher.onDidDelete(filesChanged),
    workspace.onDidOpenTextDocument((document) => client.opened(document)),
    workspace.onDidChangeTextDocument((change) => client.changed(change)),
    workspace.onDidSaveTextDocument((document) => client.about("textDocument/didSave", document)),
    workspace.onDidCloseTextDocument((document) => client.about("textDocument/didClose", document)),
    languages.registerHoverProvider(selector, { provideHover: (...place) => client.hover(...place) }),
    languages.registerCompletionItemProvider(
      selector, { provideCompletionItems: (...place) => client.completions(...place) }, ".", "{"),
    languages.registerDefinitionProvider(selector, { provideDefinition: (...place) => client.definition(...place) }),
    languages.registerDocumentFormattingEditProvider(
      selector, { provideDocumentFormattingEdits: (document) => client.formatted(document) }));
  await client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
