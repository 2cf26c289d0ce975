#include "clicks/click_batch.hpp"

#include "clicks/copy_row.hpp"
#include "runtime/storable_text.hpp"
#include "core/click_id.hpp"

namespace coupon {
namespace {

constexpr std::uint16_t stage_columns = 15;
// A click is at most a few KB; whatever is far longer is none, and must not become a row.
constexpr std::size_t entry_bytes_max = 64 * 1024;

bool has_impossible_seq(const ParsedClick& click) {
    return click.seq && *click.seq > UINT32_MAX;
}

std::optional<JournalPlace> place_of(const ParsedClick& click) {
    return make_place(click.segment, click.seq);
}

// The columns of click_stage, in its order.
void append_copy_row(std::string& out, const ParsedClick& click) {
    CopyRow row(out);
    row.begin(stage_columns);
    row.uuid(click.id);
    row.bigint(click.offer);
    click.offer_uuid ? row.uuid(*click.offer_uuid) : row.null();
    click.merchant ? row.bigint(*click.merchant) : row.null();
    click.user ? row.bigint(*click.user) : row.null();
    row.inet(click.ip);
    row.optional_text(click.ua);
    row.optional_text(click.ref);
    click.device ? row.text(device_name(*click.device)) : row.null();
    row.optional_text(click.frontend_click_id);
    row.text_array(click.flags);
    row.timestamp_ms(click_id_ms(click.id));
    row.optional_text(click.edge);
    click.segment ? row.uuid(*click.segment) : row.null();
    click.seq ? row.bigint(static_cast<std::int64_t>(*click.seq)) : row.null();
}

}  // namespace

ClickBatch::ClickBatch(RedisReply entries) : entries_(std::move(entries)) {
    rows_.reserve(size());
    copy_rows_.reserve(size() * 384);
    ParsedClick click;
    std::string reason;
    for (std::size_t i = 0; i < size(); ++i) {
        if (entry(i).size() > entry_bytes_max) {
            add_reject(i, {}, "longer than " + std::to_string(entry_bytes_max) + " bytes");
        } else if (!parse_click(entry(i), click, reason)) {
            add_reject(i, click, reason);
        } else if (has_impossible_seq(click)) {
            add_reject(i, click, "seq is out of range");
        } else {
            add_row(i, click);
        }
    }
}

std::string_view ClickBatch::copy_rows(std::size_t first, std::size_t last) const noexcept {
    if (first == last) {
        return {};
    }
    return std::string_view(copy_rows_)
        .substr(rows_[first].copy_begin, rows_[last - 1].copy_end - rows_[first].copy_begin);
}

RejectedClick ClickBatch::rejected(const ClickRow& row, std::string reason) const {
    ParsedClick click;
    std::string unused;
    parse_click(entry(row.entry), click, unused);
    return {row.entry, std::move(reason),       row.place,
            click.id,  storable_text(row.edge), click.request_id};
}

void ClickBatch::add_row(std::size_t entry, const ParsedClick& click) {
    const auto begin = copy_rows_.size();
    append_copy_row(copy_rows_, click);
    rows_.push_back({entry, begin, copy_rows_.size(), place_of(click), click.edge});
}

void ClickBatch::add_reject(std::size_t entry, const ParsedClick& click, std::string reason) {
    std::optional<Uuid> id;
    if (click.id != Uuid{}) {
        id = click.id;
    }
    rejects_.push_back({entry, std::move(reason), place_of(click), id, storable_text(click.edge),
                        click.request_id});
}

}  // namespace coupon
