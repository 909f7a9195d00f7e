#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
// Glibc's module leaves it out; loops over libmosquitto's socket are woken with it.
#include <sys/eventfd.h>
