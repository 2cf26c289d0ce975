#include "core/webhook/postback.hpp"

#include <algorithm>

#include "core/click_id.hpp"
#include "core/webhook/check.hpp"
#include "core/webhook/form.hpp"
#include "core/webhook/json_members.hpp"
#include "core/webhook/url_token.hpp"

namespace coupon {

namespace {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// Of the query and of the body, under the network's names. Nothing when one of them is none.
std::optional<std::vector<FormField>> fields_of(const WebhookRequest& request) {
    auto fields = parse_form(request.query);
    if (!fields || request.body.size() > kPostbackBodyMaxBytes)
        return std::nullopt;
    size_t first = request.body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        return fields;
    if (request.body[first] == '{') {
        auto members = parse_json_members(request.body);
        if (!members)
            return std::nullopt;
        for (JsonMember& member : *members)
            fields->push_back({std::move(member.name), std::move(member.value)});
        return fields;
    }
    auto form = parse_form(request.body);
    if (!form)
        return std::nullopt;
    for (FormField& field : *form)
        fields->push_back(std::move(field));
    return fields;
}

/// The location's own names, then the network's where the location has none.
std::vector<WebhookFieldName> names_of(std::span<const WebhookFieldName> default_map,
                                       const WebhookSettings& settings) {
    std::vector<WebhookFieldName> names;
    for (const auto& [ours, theirs] : settings.map)
        names.push_back({ours, theirs});
    for (const WebhookFieldName& row : default_map) {
        bool chosen = std::any_of(settings.map.begin(), settings.map.end(),
                                  [&](const auto& own) { return own.first == row.ours; });
        if (!chosen)
            names.push_back(row);
    }
    return names;
}

bool has_name(const NamedValues& values, std::string_view name) {
    return std::any_of(values.begin(), values.end(),
                       [name](const auto& value) { return value.first == name; });
}

/// Nothing when a field that counts is there twice.
std::optional<NamedValues> map_fields(std::span<const WebhookFieldName> names,
                                      const std::vector<FormField>& fields) {
    NamedValues mapped;
    for (const WebhookFieldName& name : names) {
        size_t times = 0;
        const std::string* value = only_field(fields, name.theirs, times);
        if (times > 1)
            return std::nullopt;
        if (value != nullptr && !value->empty() && !has_name(mapped, name.ours))
            mapped.emplace_back(name.ours, *value);
    }
    return mapped;
}

/// Only what has our ids' form can have a wrong tag: other ids are the front end's or the network's.
bool has_wrong_tag(const NamedValues& values, std::span<const SipKey> keys) noexcept {
    for (const auto& [name, value] : values) {
        if (name != "click")
            continue;
        auto id = parse_uuid(value);
        if (id && id->bytes[6] >> 4 == 7 && !keys.empty() && !verify_click_id(*id, keys))
            return true;
    }
    return false;
}

}  // namespace

WebhookCheck verify_postback(std::span<const WebhookFieldName> default_map,
                             const WebhookSettings& settings, const WebhookRequest& request) {
    if (auto problem = url_token_problem(settings, request))
        return *problem;
    auto fields = fields_of(request);
    if (!fields)
        return refused(WebhookVerdict::malformed, "the fields cannot be read");
    auto values = map_fields(names_of(default_map, settings), *fields);
    if (!values)
        return refused(WebhookVerdict::malformed, "a field is there twice");
    if (has_wrong_tag(*values, settings.click_keys))
        return refused(WebhookVerdict::bad, "click id has a wrong tag");
    return accepted(WebhookTrust::token_only);
}

NamedValues mapped_fields(const WebhookProvider& provider, const WebhookSettings& settings,
                          const WebhookRequest& request) {
    if (!provider.takes_map)
        return {};
    auto fields = fields_of(request);
    if (!fields)
        return {};
    return map_fields(names_of(provider.default_map, settings), *fields).value_or(NamedValues{});
}

}  // namespace coupon
