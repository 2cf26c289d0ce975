// A page of a list: its items, and where the next one goes on.
#pragma once

#include <algorithm>

#include "admin/api/request_values.hpp"

namespace coupon {

// Rows were asked for one beyond `limit`. `key_column` and `id_column` hold what the list is sorted
// by. `item_of` makes the JSON of a row.
template <typename ItemOf>
Json page_of(const PgResult& rows, int limit, int key_column, int id_column,
             const ItemOf& item_of) {
    auto items = Json::array();
    for (int row = 0; row < std::min(rows.rows(), limit); ++row) {
        items.push_back(item_of(row));
    }
    Json next;
    if (rows.rows() > limit) {
        const int last = limit - 1;
        Cursor cursor{{}, std::string(rows.text(last, id_column))};
        if (!rows.is_null(last, key_column)) {
            cursor.key = std::string(rows.text(last, key_column));
        }
        next = cursor_text(cursor);
    }
    return {{"items", std::move(items)}, {"next", std::move(next)}};
}

// The condition of what comes behind the cursor, newest first and rows without a time before all;
// it starts with " AND". Its values are added to `values`, as the parameters that follow those.
inline std::string behind(const std::optional<Cursor>& after, const std::string& key,
                          std::vector<PgParameter>& values) {
    if (!after) {
        return {};
    }
    const auto number = "$" + std::to_string(values.size() + 1);
    if (!after->key) {
        values.emplace_back(after->id);
        return " AND (" + key + " IS NOT NULL OR id < " + number + ")";
    }
    const auto second = "$" + std::to_string(values.size() + 2);
    values.insert(values.end(), {after->key, after->id});
    return " AND (" + key + ", id) < (" + number + ", " + second + ")";
}

}  // namespace coupon
