// What the filter scenario of `sluice bench rules` does, as a plain loop around simdjson: read `value` of each payload,
// check that the rest is JSON too, count those above 99. Prints messages per second, the best of three counts.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <simdjson.h>

using Clock = std::chrono::steady_clock;

namespace {

constexpr int payloadCount = 4096;
constexpr int batch = 8192;

double value(int number) {
    uint64_t bits = static_cast<uint64_t>(number) * 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 29)) * 0xBF58476D1CE4E5B9u;
    return static_cast<double>(bits >> 40) / (1 << 24) * 100;
}

/// Thousandths without the zeros behind them, as the other side writes them.
std::string shortest(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", std::floor(value * 1000) / 1000);
    std::string result(text);
    while (result.back() == '0' && result[result.size() - 2] != '.') result.pop_back();
    return result;
}

std::string reading(int number) {
    return "{\"id\":\"hall-3/press-" + std::to_string(number % 1000 + 1000) + "/bearing\",\"seq\":" +
           std::to_string(100000 + number) + ",\"value\":" + shortest(value(number)) +
           ",\"unit\":\"C\",\"quality\":\"good\",\"time\":" + std::to_string(1700000000000 + number * 10LL) + "}";
}

/// simdjson's On-Demand looks only at what is asked for, so that all members are walked through; DOM checks everything.
bool isHot(simdjson::dom::parser& parser, const simdjson::padded_string& payload) {
    double number = 0;
    if (parser.parse(payload)["value"].get(number) != simdjson::SUCCESS) return false;
    return number > 99;
}

bool isHot(simdjson::ondemand::parser& parser, const simdjson::padded_string& payload) {
    simdjson::ondemand::document document;
    if (parser.iterate(payload).get(document) != simdjson::SUCCESS) return false;
    simdjson::ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) return false;
    double number = 0;
    for (auto field : object) {
        simdjson::ondemand::raw_json_string key;
        if (field.key().get(key) != simdjson::SUCCESS) return false;
        if (key == "value") {
            if (field.value().get_double().get(number) != simdjson::SUCCESS) return false;
        }
    }
    return number > 99;
}

template <typename Parser>
double messagesPerSecond(double seconds, const std::vector<simdjson::padded_string>& payloads) {
    Parser parser;
    double best = 0;
    uint64_t hot = 0;
    for (int round = 0; round < 3; round++) {
        const auto begin = Clock::now();
        long taken = 0;
        double passed = 0;
        while (passed < seconds / 3) {
            for (int index = 0; index < batch; index++) hot += isHot(parser, payloads[index % payloadCount]);
            taken += batch;
            passed = std::chrono::duration<double>(Clock::now() - begin).count();
        }
        best = std::max(best, taken / passed);
    }
    if (hot == 0) std::exit(1);
    return best;
}

}  // namespace

int main(int count, char** arguments) {
    const double seconds = count > 1 ? std::atof(arguments[1]) : 1.5;
    std::vector<simdjson::padded_string> payloads;
    for (int number = 0; number < payloadCount; number++) payloads.emplace_back(reading(number));
    std::printf("{\"on_demand\":%.0f,\"dom\":%.0f}\n",
                messagesPerSecond<simdjson::ondemand::parser>(seconds, payloads),
                messagesPerSecond<simdjson::dom::parser>(seconds, payloads));
}
