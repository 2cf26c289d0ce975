// A page of records as the texts of its records, so that one that is broken spoils no other. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct SlicedPage {
    bool found = false;                     // there is an array at the path
    std::vector<std::string_view> records;  // its elements, as they stand in the page
    std::string rest;                       // the page without them
};

// `path` leads through objects, by dots: "records", "data.conversions". Only brackets and texts are
// looked at; what lies between them may be anything.
SlicedPage slice_records(std::string_view page, std::string_view path);

// JSON whose bytes are UTF-8 without U+0000, control characters and halves of surrogate pairs in
// its texts: these become U+FFFD or a space.
std::string mended_json(std::string_view text);

// As read_exact_json, of the text itself or else of its mended form.
std::optional<nlohmann::json> read_mended_json(std::string_view text);

}  // namespace coupon
