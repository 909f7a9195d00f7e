// Findings about models; `testModels` holds what their files would say.

extension GoldenDiagnostic {
    static let models: [GoldenDiagnostic] = [
        GoldenDiagnostic(
            code: "E0213", title: "a part that a model of one number does not have",
            source: #"""
                model load from "models/load.onnx"
                rule r { from "t" { x: list } where load(.x).class > 1 publish "u" }
                """#,
            expected: #"""
                error[E0213]: the model `load` gives no `.class`
                  --> rules/spike.rules:2:46
                   |
                 2 | rule r { from "t" { x: list } where load(.x).class > 1 publish "u" }
                   |                                              ^^^^^ it gives `.value`
                """#),
        GoldenDiagnostic(
            code: "E0213", title: "the label of a model whose classes have no names",
            source: #"""
                model bearing from "models/bearing-int8.onnx"
                rule r { from "t" where bearing(.x).label == "worn" publish "u" }
                """#,
            expected: #"""
                error[E0213]: the model `bearing` gives no `.label`
                  --> rules/spike.rules:2:37
                   |
                 2 | rule r { from "t" where bearing(.x).label == "worn" publish "u" }
                   |                                     ^^^^^ name the classes: `model … labels "good", "worn"`
                """#),
        GoldenDiagnostic(
            code: "E0310", title: "a window of another length than the model's input",
            source: #"""
                model bearing from "models/bearing.onnx"
                rule r {
                  from "t/{m}"
                  window last 60 by m
                  when bearing(collect(.x)).class == 2
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0310]: `bearing` takes 64 numbers, and these are 60
                  --> rules/spike.rules:5:16
                   |
                 5 |   when bearing(collect(.x)).class == 2
                   |                ^^^^^^^^^^^ write `window last 64`
                """#),
        GoldenDiagnostic(
            code: "E0310", title: "an input that is not filled",
            source: #"""
                model oven from "models/oven.onnx"
                rule r { from "t" let q = oven(temperatures: .zones, open: .doors) publish "u" { q } }
                """#,
            expected: #"""
                error[E0310]: the input `mode_0` of `oven` is not filled
                  --> rules/spike.rules:2:27
                   |
                 2 | rule r { from "t" let q = oven(temperatures: .zones, open: .doors) publish "u" { q } }
                   |                           ^^^^ write `oven(temperatures: …, open: …, mode_0: …)`
                """#),
        GoldenDiagnostic(
            code: "E0310", title: "a text for a number",
            source: #"""
                model load from "models/load.onnx"
                rule r { from "in/{speed}" where load(speed, .a, .b).value > 5 publish "u" }
                """#,
            expected: #"""
                error[E0310]: the input `X`, float64[N, 3], takes numbers, and this is a text
                  --> rules/spike.rules:2:39
                   |
                 2 | rule r { from "in/{speed}" where load(speed, .a, .b).value > 5 publish "u" }
                   |                                       ^^^^^ `number(…)` reads a number from a text
                """#),
        GoldenDiagnostic(
            code: "E0511", title: "a model inside an aggregate",
            source: #"""
                model load from "models/load.onnx"
                rule r {
                  from "t/{m}"
                  window last 1m by m
                  when mean(load(.x, .y, .z).value) > 5
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0511]: the model `load` can't be called inside an aggregate
                  --> rules/spike.rules:5:13
                   |
                 5 |   when mean(load(.x, .y, .z).value) > 5
                   |             ^^^^ bind its result above the window, `let result = load(…)`, and use that
                """#),
        GoldenDiagnostic(
            code: "E0705", title: "a model that is not there",
            source: #"""
                model bearing from "models/baering.onnx"
                rule r { from "t" where bearing(.x).class == 2 publish "u" }
                """#,
            expected: #"""
                error[E0705]: can't use the model `rules/models/baering.onnx`: there is no such file
                  --> rules/spike.rules:1:20
                   |
                 1 | model bearing from "models/baering.onnx"
                   |                    ^^^^^^^^^^^^^^^^^^^^^ a model is an .onnx file; its path is relative to this file's folder
                """#),
        GoldenDiagnostic(
            code: "E0705", title: "a file that is no model",
            source: #"""
                model bearing from "models/broken.onnx"
                rule r { from "t" where bearing(.x).class == 2 publish "u" }
                """#,
            expected: #"""
                error[E0705]: can't use the model `rules/models/broken.onnx`: the file ends in the middle of the graph
                  --> rules/spike.rules:1:20
                   |
                 1 | model bearing from "models/broken.onnx"
                   |                    ^^^^^^^^^^^^^^^^^^^^ a model is an .onnx file; its path is relative to this file's folder
                """#),
        GoldenDiagnostic(
            code: "E0706", title: "a model without ONNX Runtime",
            source: #"""
                model bearing from "models/no-runtime.onnx"
                rule r { from "t" where bearing(.x).class == 2 publish "u" }
                """#,
            expected: #"""
                error[E0706]: models need ONNX Runtime, and it is not there
                  --> rules/spike.rules:1:20
                   |
                 1 | model bearing from "models/no-runtime.onnx"
                   |                    ^^^^^^^^^^^^^^^^^^^^^^^^ install ONNX Runtime 1.17 or newer, or set ORT_DYLIB_PATH to its library
                """#),
        GoldenDiagnostic(
            code: "E0707", title: "an input without a fixed length",
            source: #"""
                model open from "models/open.onnx"
                rule r { from "t" where open(.x).value > 2 publish "u" }
                """#,
            expected: #"""
                error[E0707]: the model `rules/models/open.onnx` leaves more than one length open in the input `X`: float32[N, ?]
                  --> rules/spike.rules:1:17
                   |
                 1 | model open from "models/open.onnx"
                   |                 ^^^^^^^^^^^^^^^^^^ export it with a fixed length: only the first dimension, of rows, may be open
                """#),
        GoldenDiagnostic(
            code: "E0707", title: "an input of texts",
            source: #"""
                model line from "models/texts.onnx"
                rule r { from "t" where line(.x).value > 2 publish "u" }
                """#,
            expected: #"""
                error[E0707]: the model `rules/models/texts.onnx` takes texts (`string`) in the input `line`, and rules fill inputs with numbers
                  --> rules/spike.rules:1:17
                   |
                 1 | model line from "models/texts.onnx"
                   |                 ^^^^^^^^^^^^^^^^^^^ encode the texts as numbers before the model, or in a table
                """#),
        GoldenDiagnostic(
            code: "E0708", title: "a label too few",
            source: #"""
                model bearing from "models/bearing.onnx" labels "healthy", "worn"
                rule r { from "t" where bearing(.x).label == "worn" publish "u" }
                """#,
            expected: #"""
                error[E0708]: the model has 3 scores, and here are 2 labels
                  --> rules/spike.rules:1:49
                   |
                 1 | model bearing from "models/bearing.onnx" labels "healthy", "worn"
                   |                                                 ^^^^^^^^^^^^^^^^^ write one label for each score of `probabilities`, in its order
                """#),
        GoldenDiagnostic(
            code: "E0210", title: "two classes of one name",
            source: #"""
                model bearing from "models/bearing.onnx" labels "good", "worn", "good"
                rule r { from "t" where bearing(.x).label == "worn" publish "u" }
                """#,
            expected: #"""
                error[E0210]: label `good` is written twice
                  --> rules/spike.rules:1:65
                   |
                 1 | model bearing from "models/bearing.onnx" labels "good", "worn", "good"
                   |                                                                 ^^^^^^ name each class once
                 1 | model bearing from "models/bearing.onnx" labels "good", "worn", "good"
                   |                                                 ------ first written here
                """#),
        GoldenDiagnostic(
            code: "E0202", title: "a model with the name of a function",
            source: #"""
                model error from "m.onnx"
                rule r { from "t" publish "u" }
                """#,
            expected: #"""
                error[E0202]: `error` is a function, so a model of this name can't be called
                  --> rules/spike.rules:1:7
                   |
                 1 | model error from "m.onnx"
                   |       ^^^^^ choose another name
                """#),
    ]
}
