/// The rules with which the language introduces itself.
let firstLookRules = #"""
    # Pattern: edge filtering. Only anomalies leave the site.
    rule spike {
      from "sensors/{sensor}/reading"
      window last 100 by sensor
      when count() >= 10 and abs(zscore(.value)) > 3
      publish "cloud/anomalies/{sensor}" qos 1 {
        type: "anomaly",
        sensor_id: sensor,
        value: .value,
        z_score: round(zscore(.value), 2),
        mean: round(mean(.value), 2),
        std: round(stddev(.value), 2),
        timestamp: time()
      }
    }

    # Periodic summary: one message every five minutes instead of thousands.
    rule summary {
      from "sensors/{sensor}/reading"
      window every 5m by sensor
      publish "cloud/summary/{sensor}" qos 1 {
        sensor, n: count(), mean: mean(.value), low: min(.value), high: max(.value), p95: percentile(.value, 95)
      }
    }

    # Pattern: edge ML inference.
    model bearing from "models/bearing-int8.onnx" labels "healthy", "worn", "failing"

    rule bearing_failure {
      from "plant/{line}/{machine}/vibration"
      window last 64 by line, machine
      let verdict = bearing(collect(.rms))
      when verdict.label == "failing" and verdict.confidence > 0.9
      limit 1 per 10m by line, machine
      publish "cloud/maintenance/{line}/{machine}" qos 2 {
        class: verdict.class, label: verdict.label, confidence: round(verdict.confidence, 4),
        inference_time_ms: verdict.time_ms
      }
    }

    # Hysteresis: raise once, clear once.
    rule overheating {
      from "plant/{line}/{machine}/temperature"
      where .quality == "good"
      let celsius = if .unit == "F" then (.value - 32) * 5 / 9 else .value
      window last 30s by line, machine
      when mean(celsius) > 85 for 10s until mean(celsius) < 80
      publish "cloud/alarms/{line}/{machine}" qos 1 retain { state: "raised", mean: mean(celsius) }
      on clear publish "cloud/alarms/{line}/{machine}" qos 1 retain { state: "cleared" }
    }

    # A device that stopped talking.
    rule silent_device {
      from "sensors/{sensor}/#"
      window silent 60s by sensor
      publish "cloud/alarms/silent/{sensor}" qos 1 { sensor, last_seen: last(time()) }
    }
    """#
