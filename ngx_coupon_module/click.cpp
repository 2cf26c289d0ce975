#include "click.hpp"

#include "conf.hpp"
#include "edge.hpp"
#include "redirect_context.hpp"
#include "request_facts.hpp"

#include "core/click_record.hpp"
#include "core/destination.hpp"
#include "core/link_signature.hpp"

namespace coupon {
namespace {

// The signature decides whether the click belongs to a user; the redirect happens anyway.
void check_signature(ngx_http_request_t* r, RedirectContext* context, int64_t now_s) {
    const LocationConf& location = location_conf(r);
    context->user = context->path.user;
    if (context->user == 0 || location.link_secrets.empty()) {
        return;
    }
    WorkerCounters& counters = Edge::current().counters();
    switch (verify_link(location.link_secrets, context->path.offer, context->user, context->arguments.e,
                        context->arguments.s, now_s)) {
        case LinkVerdict::ok: return;
        case LinkVerdict::missing:
            context->flags |= click_flag::sig_missing;
            counters.count(Event::signature_missing);
            break;
        case LinkVerdict::bad:
            context->flags |= click_flag::sig_bad;
            counters.count(Event::signature_bad);
            break;
        case LinkVerdict::expired:
            context->flags |= click_flag::sig_expired;
            counters.count(Event::signature_expired);
            break;
    }
    context->user = 0;
}

bool build_location(ngx_http_request_t* r, RedirectContext* context, const OfferView& offer,
                    const MacroValues& values) {
    const size_t longest = expanded_max_bytes(offer.program, values);
    auto* text = static_cast<char*>(ngx_pnalloc(r->pool, longest));
    if (text == nullptr) {
        return false;
    }
    const size_t length = expand_destination(offer.program, values, text);
    context->location = {length, reinterpret_cast<u_char*>(text)};
    return length != 0;
}

}  // namespace

ClickResult record_click(ngx_http_request_t* r, const OfferView& offer) {
    RedirectContext* context = redirect_context(r);
    const MainConf& main = main_conf(r);
    Edge& edge = Edge::current();
    const ngx_time_t* now = ngx_timeofday();
    const uint64_t now_ms = static_cast<uint64_t>(now->sec) * 1000 + now->msec;

    if (r->args.len != 0) {
        context->arguments = parse_redirect_args(view(r->args));
    }
    check_signature(r, context, now->sec);

    const std::string_view agent = user_agent(r);
    const Device device = edge.devices().classify(agent);
    if (device == Device::bot) {
        context->flags |= click_flag::bot;
        edge.counters().count(Event::bot_click);
    }
    if (r->method == NGX_HTTP_HEAD) {
        context->flags |= click_flag::head;
        edge.counters().count(Event::head_click);
    }

    const Uuid id = edge.click_ids().make(now_ms);
    write_uuid(id, context->click_id);
    context->has_click_id = true;

    const MacroValues values{context->click_id, context->user, device, variable(r, main.country_variable), now->sec};
    if (!build_location(r, context, offer, values)) {
        return ClickResult::failed;
    }

    ClickRecord record{};
    record.id = id;
    record.id_text = context->click_id;
    record.ts_ms = now_ms;
    record.offer = offer.offer_id;
    record.merchant = offer.merchant_id;
    record.offer_uuid = offer.uuid;
    record.user = context->user;
    record.ip = client_address(r);
    record.ua = agent;
    record.ref = referrer(r);
    record.device = device;
    record.flags = context->flags;
    record.frontend_click_id = context->arguments.c;
    record.request_id = trace_id(r, context->headers);
    record.edge = main.edge_id;
    context->record = edge.clicks().append(record);
    return static_cast<bool>(context->record) && main.sync == SyncMode::always ? ClickResult::needs_sync : ClickResult::ready;
}

}  // namespace coupon
