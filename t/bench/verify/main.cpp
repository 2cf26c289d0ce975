// Prints what it costs the edge to verify one webhook: a JSON object, provider → µs of CPU.
//
// Fails when a provider of the table has no sample, or its sample is not accepted.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "sample.hpp"

using namespace coupon;

namespace {

constexpr int rounds = 7;   // the best one counts: whatever else runs only adds
constexpr double round_us = 20'000;
constexpr int calls_between_looks = 20;
constexpr int64_t now_ms = 1'746'427'759'733;

double thread_cpu_us() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double cost_us(const WebhookProvider& provider, const Sample& sample) {
    std::vector<WebhookHeader> headers;
    for (const auto& [name, value] : sample.headers) {
        headers.push_back({name, value});
    }
    const WebhookRequest request{provider.get && sample.body.empty() ? "GET" : "POST",
                                 sample.path, sample.query, sample.body, headers, now_ms};
    double best = 0;
    for (int round = 0; round < rounds; ++round) {
        int calls = 0;
        const double start = thread_cpu_us();
        double passed = 0;
        while (passed < round_us) {
            for (int call = 0; call < calls_between_looks; ++call, ++calls) {
                const WebhookCheck check = provider.verify(sample.settings, request);
                if (check.verdict != WebhookVerdict::accepted) {
                    throw std::runtime_error(sample.provider + ": its sample is refused: " +
                                             std::string(check.reason));
                }
            }
            passed = thread_cpu_us() - start;
        }
        best = round == 0 ? passed / calls : std::min(best, passed / calls);
    }
    return best;
}

const Sample& sample_of(const std::vector<Sample>& samples, std::string_view provider) {
    for (const Sample& sample : samples) {
        if (sample.provider == provider) {
            return sample;
        }
    }
    throw std::runtime_error(std::string(provider) + " has no sample");
}

void measure() {
    std::vector<Sample> samples;
    add_signed_bodies(samples);
    add_signed_forms(samples);
    add_public_keys(samples);
    add_url_tokens(samples);
    std::string text;
    for (const WebhookProvider& provider : webhook_providers()) {
        char cost[32];
        std::snprintf(cost, sizeof cost, "%.2f", cost_us(provider, sample_of(samples, provider.name)));
        text += (text.empty() ? "\"" : ", \"") + std::string(provider.name) + "\": " + cost;
    }
    std::printf("{%s}\n", text.c_str());
}

}  // namespace

int main() {
    try {
        measure();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_verify: %s\n", error.what());
        return 1;
    }
    return 0;
}
