// A webhook request for tests: owns what the views of WebhookRequest point to.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/webhook/provider.hpp"

namespace coupon {

struct TestWebhook {
    std::string method = "POST";
    std::string path = "/webhooks/provider";
    std::string query;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    int64_t now_ms = 1'746'427'759'733;
    WebhookSettings settings;

    WebhookCheck verify(const char* provider) const {
        std::vector<WebhookHeader> views = header_views();
        return find_webhook_provider(provider)->verify(settings, request(views));
    }

    std::vector<std::pair<std::string, std::string>> mapped(const char* provider) const {
        std::vector<WebhookHeader> views = header_views();
        return mapped_fields(*find_webhook_provider(provider), settings, request(views));
    }

    std::string& header(const std::string& name) {
        for (auto& [known, value] : headers) {
            if (known == name)
                return value;
        }
        return headers.emplace_back(name, "").second;
    }

    void drop_header(const std::string& name) {
        std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    }

  private:
    std::vector<WebhookHeader> header_views() const {
        std::vector<WebhookHeader> views;
        for (const auto& [name, value] : headers)
            views.push_back({name, value});
        return views;
    }

    WebhookRequest request(const std::vector<WebhookHeader>& views) const {
        return {method, path, query, body, {views.data(), views.size()}, now_ms};
    }
};

inline std::ostream& operator<<(std::ostream& out, WebhookVerdict verdict) {
    return out << webhook_verdict_name(verdict);
}

inline std::ostream& operator<<(std::ostream& out, WebhookTrust trust) {
    return out << webhook_trust_name(trust);
}

inline void expect_accepted(const TestWebhook& webhook, const char* provider, WebhookTrust trust) {
    WebhookCheck check = webhook.verify(provider);
    EXPECT_EQ(check.verdict, WebhookVerdict::accepted) << check.reason;
    EXPECT_EQ(check.trust, trust);
    EXPECT_EQ(check.reason, "");
}

inline void expect_refused(const TestWebhook& webhook, const char* provider,
                           WebhookVerdict verdict) {
    WebhookCheck check = webhook.verify(provider);
    EXPECT_EQ(check.verdict, verdict) << check.reason;
    EXPECT_EQ(check.trust, WebhookTrust::unverified);
    EXPECT_NE(check.reason, "");
}

/// Flips each bit of `text`, a part of the webhook, and expects that none of the outcomes is
/// accepted. `same` says for which changes the meaning stays, so that they may be.
inline void expect_each_bit_counts(
    TestWebhook webhook, const char* provider, std::string& (*part)(TestWebhook&),
    const std::function<bool(const std::string&)>& same = [](const std::string&) {
        return false;
    }) {
    ASSERT_EQ(webhook.verify(provider).verdict, WebhookVerdict::accepted);
    std::string& text = part(webhook);
    ASSERT_FALSE(text.empty());
    for (size_t bit = 0; bit < text.size() * 8; ++bit) {
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
        WebhookVerdict verdict = webhook.verify(provider).verdict;
        if (!same(text)) {
            ASSERT_NE(verdict, WebhookVerdict::accepted) << "bit " << bit << ": " << text;
        }
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
    }
}

inline std::string& body_of(TestWebhook& webhook) {
    return webhook.body;
}

/// The first header of a test's webhook is the signature, the second one its time.
inline std::string& signature_of(TestWebhook& webhook) {
    return webhook.headers[0].second;
}

inline std::string& time_of(TestWebhook& webhook) {
    return webhook.headers[1].second;
}

/// No change of one header may be taken twice: the header again, in another case.
inline void expect_no_duplicate(TestWebhook webhook, const char* provider, size_t header) {
    ASSERT_EQ(webhook.verify(provider).verdict, WebhookVerdict::accepted);
    auto again = webhook.headers[header];
    for (char& c : again.first)
        c = static_cast<char>(toupper(c));
    webhook.headers.push_back(again);
    expect_refused(webhook, provider, WebhookVerdict::malformed);
}

/// The good secret counts in front of another one and behind it; without it nothing is accepted.
inline void expect_any_secret(TestWebhook webhook, const char* provider, WebhookTrust trust,
                              const WebhookSecret& other) {
    WebhookSecret good = webhook.settings.secrets[0];
    for (const std::vector<WebhookSecret>& secrets :
         {std::vector{good, other}, std::vector{other, good}}) {
        webhook.settings.secrets = secrets;
        expect_accepted(webhook, provider, trust);
    }
    webhook.settings.secrets = {other, other};
    expect_refused(webhook, provider, WebhookVerdict::bad);
}

/// Whatever a stranger sends is refused without an exception.
inline void expect_hostile_bodies_refused(TestWebhook webhook, const char* provider) {
    std::string fields;
    for (int at = 0; at < 5000; ++at)
        fields += "name" + std::to_string(at) + "=1&";
    for (const std::string& body :
         {std::string(), std::string(1 << 20, 'x'), std::string(1 << 20, '['),
          std::string(1 << 20, '{'), std::string("{\"a\":") + std::string(1000, '['),
          std::string("\0", 1), std::string("{\"response\":\"a\0b\"}", 18),
          std::string("\xff\xfe{}"), std::string("{\"response\":\"\xc3\x28\"}"), fields,
          std::string(1 << 20, '&'), std::string(1 << 20, '%'), std::string("null"),
          std::string("{\"response\":{}}"), std::string("verify_key=verify_key&verify_sign=")}) {
        webhook.body = body;
        EXPECT_NE(webhook.verify(provider).verdict, WebhookVerdict::accepted)
            << body.substr(0, 40);
    }
}

}  // namespace coupon
