// A worker's metrics as Prometheus text, at METRICS_LISTEN. Format:
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coupon {

// Collects samples; those of one name stand together, whoever adds them.
class MetricsText {
  public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // `help` in one line; the first one of a name counts.
    void counter(const std::string& name, std::string_view help, double value, Labels labels = {}) {
        add(name, "counter", help, value, labels);
    }
    void gauge(const std::string& name, std::string_view help, double value, Labels labels = {}) {
        add(name, "gauge", help, value, labels);
    }
    [[nodiscard]] std::string text() const;

  private:
    struct Family {
        std::string head;
        std::string samples;
    };
    void add(const std::string& name, std::string_view type, std::string_view help, double value,
             Labels labels);

    std::map<std::string, Family> families_;
};

// Who adds samples when somebody asks. A source that throws leaves its samples out.
class Metrics {
  public:
    using Source = std::function<void(MetricsText& out)>;

    void add(Source source);
    [[nodiscard]] std::string text();

  private:
    std::mutex mutex_;
    std::vector<Source> sources_;
};

}  // namespace coupon
