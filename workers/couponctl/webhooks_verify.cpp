#include "couponctl/webhooks_verify.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/hex.hpp"
#include "core/webhook/provider.hpp"
#include "couponctl/settings.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int deadline_ms = 60'000;
constexpr const char* select_sql =
    "SELECT id::text, COALESCE(method, 'POST'), COALESCE(query, ''), headers::text,"
    " encode(body, 'hex'), COALESCE(location, '') FROM webhook_logs";

// FILE, or FILE@INDEX; each line that is not empty is a secret.
void read_secrets(const std::string& argument, std::vector<WebhookSecret>& secrets) {
    auto path = argument;
    std::string index;
    if (const auto mark = argument.rfind('@'); mark != std::string::npos) {
        path = argument.substr(0, mark);
        index = argument.substr(mark + 1);
    }
    std::ifstream file(path);
    if (!file) {
        throw CommandError("webhooks verify: cannot read " + path);
    }
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        if (!line.empty()) {
            secrets.push_back({line, index});
        }
    }
}

WebhookSettings settings_of(const WebhookProvider& provider, const VerifyOptions& options) {
    WebhookSettings settings;
    for (const auto& file : options.secret_files) {
        read_secrets(file, settings.secrets);
    }
    settings.topics = options.topics;
    settings.url = options.url;
    if (provider.needs_token) {
        throw CommandError("webhooks verify: what " + std::string(provider.name) +
                           " proves is a token in the URL, which is not kept");
    }
    if (provider.needs_secret && settings.secrets.empty()) {
        throw CommandError("webhooks verify: --secret-file is missing");
    }
    if (provider.needs_url && settings.url.empty()) {
        throw CommandError("webhooks verify: --url is missing");
    }
    if (provider.needs_topic && settings.topics.empty()) {
        throw CommandError("webhooks verify: --topic is missing");
    }
    if (provider.takes_arguments) {
        const std::vector<std::string_view> words(options.scheme.begin(), options.scheme.end());
        std::string error;
        if (!parse_hmac_scheme(words, settings.hmac, error)) {
            throw CommandError("webhooks verify: --scheme: " + error);
        }
    }
    return settings;
}

WebhookCheck check_row(const WebhookProvider& provider, const WebhookSettings& settings,
                       const PgResult& rows, int row) {
    const auto headers = nlohmann::json::parse(rows.text(row, 3), nullptr, false);
    std::vector<std::pair<std::string, std::string>> texts;
    if (headers.is_object()) {
        for (const auto& [name, value] : headers.items()) {
            texts.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
        }
    }
    std::vector<WebhookHeader> views;
    for (const auto& [name, value] : texts) {
        views.push_back({name, value});
    }
    const auto body = hex_decode(rows.text(row, 4)).value_or("");
    return provider.verify(
        settings, {rows.text(row, 1), rows.text(row, 5), rows.text(row, 2), body, views, 0});
}

}  // namespace

int verify_webhooks(const VerifyOptions& options, std::ostream& out) {
    const auto* provider = find_webhook_provider(options.filter.provider);
    if (provider == nullptr) {
        throw CommandError("webhooks verify: --provider names none that is known");
    }
    const auto settings = settings_of(*provider, options);
    auto pg = configured_postgres(deadline_ms);
    auto values = webhook_filter_values(options.filter);
    values.emplace_back(std::to_string(options.filter.limit));
    const auto sql = std::string(select_sql) + webhook_filter_sql +
                     " AND verdict = 'accepted'"
                     " ORDER BY received_at DESC, id DESC LIMIT $7::bigint";
    const auto rows = pg.execute(sql.c_str(), values);
    int failed = 0;
    int purged = 0;
    for (int row = 0; row < rows.rows(); ++row) {
        if (rows.is_null(row, 4)) {
            ++purged;
            out << rows.text(row, 0) << "  purged: it has no body any more\n";
            continue;
        }
        const auto check = check_row(*provider, settings, rows, row);
        if (check.verdict != WebhookVerdict::accepted) {
            ++failed;
            out << rows.text(row, 0) << "  " << webhook_verdict_name(check.verdict) << "  "
                << check.reason << '\n';
        }
    }
    out << rows.rows() << " webhooks, " << rows.rows() - failed - purged << " verified, " << failed
        << " not";
    if (purged > 0) {
        out << ", " << purged << " purged";
    }
    out << '\n';
    return failed + purged == 0 ? 0 : 1;
}

}  // namespace coupon
