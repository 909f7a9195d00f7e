#!/usr/bin/env bash
# What a container does. Without an argument, or with one of these, else the arguments go to `sluice`:
#
#   run        makes what certificates are missing, then runs the node with $CONFIG
#   authority  makes what certificates are missing, and ends: one container does it for all that share /certs
#   sensors    publishes made-up readings as $SENSORS, each with its own certificate, to $GATEWAY
#   health     0 when the node has stored and acknowledged a message
#
# CERTIFICATES  folder (/certs)            CONFIG   file (/etc/sluice/sluice.yaml)
# SERVER_HOSTS  names of the gateway       SENSORS  names, each gets a certificate
# CLOUD_HOSTS   names of the stand-in cloud; without them it gets no certificate
# GATEWAY       host:port to which sensors connect
# HEALTH_PORT   of the node's own plain listener (1883)
set -euo pipefail

CERTIFICATES=${CERTIFICATES:-/certs}
CONFIG=${CONFIG:-/etc/sluice/sluice.yaml}
SERVER_HOSTS=${SERVER_HOSTS:-localhost 127.0.0.1}
CLOUD_HOSTS=${CLOUD_HOSTS:-}
SENSORS=${SENSORS:-}
GATEWAY=${GATEWAY:-localhost:8883}
HEALTH_PORT=${HEALTH_PORT:-1883}

# The options `--host A --host B` for the words of $1, in the array `host_options`.
collect_host_options() {
    host_options=()
    local host
    for host in $1; do host_options+=(--host "$host"); done
}

# Only what is not there yet: names keep their certificates over restarts.
make_certificates() {
    if [ ! -e "$CERTIFICATES/ca.pem" ]; then
        collect_host_options "$SERVER_HOSTS"
        sluice certs init --dir "$CERTIFICATES" "${host_options[@]}"
    fi
    if [ -n "$CLOUD_HOSTS" ] && [ ! -e "$CERTIFICATES/cloud.pem" ]; then
        collect_host_options "$CLOUD_HOSTS"
        sluice certs issue cloud --server --dir "$CERTIFICATES" "${host_options[@]}"
    fi
    local name
    for name in gateway $SENSORS; do
        [ -e "$CERTIFICATES/$name.pem" ] || sluice certs issue "$name" --dir "$CERTIFICATES"
    done
}

# One reading a second for an hour around 20 °C with a daily swing, some noise and a spike now and then; always the same.
write_readings() {
    printf 'timestamp,value\n'
    awk 'BEGIN {
        srand(7)
        for (second = 0; second < 3600; second++) {
            value = 20 + 3 * sin(second / 573) + 0.4 * (rand() - 0.5)
            if (second % 300 == 299) value += 15
            printf "2026-01-01 %02d:%02d:%02d,%.3f\n", second / 3600, second % 3600 / 60, second % 60, value
        }
    }'
}

case "${1:-run}" in
run)
    make_certificates
    exec sluice run --config "$CONFIG"
    ;;
authority)
    make_certificates
    ;;
health)
    exec sluice pub -h 127.0.0.1 -p "$HEALTH_PORT" -t health -m ok -q 1
    ;;
sensors)
    readings=$(mktemp)
    write_readings >"$readings"
    sensor_options=()
    for name in $SENSORS; do sensor_options+=(--sensor "$name"); done
    exec sluice simulate --input "$readings" --url "mqtts://$GATEWAY" --certs "$CERTIFICATES" \
        --topic 'sensors/{id}/reading' --repeat "${sensor_options[@]}"
    ;;
*)
    exec sluice "$@"
    ;;
esac
