#include "core/json_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace coupon {
namespace {

std::string escaped(std::string_view bytes) {
    std::vector<char> exact(bytes.begin(), bytes.end());
    std::vector<char> room(json_escaped_max(exact.size()));
    return {room.data(), append_json_string(room.data(), {exact.data(), exact.size()})};
}

std::string returned(std::string_view bytes) {
    return nlohmann::json::parse('"' + escaped(bytes) + '"').get<std::string>();
}

TEST(JsonText, PlainTextOfEveryLength) {
    for (size_t size = 0; size < 200; ++size) {
        std::string text;
        for (size_t at = 0; at < size; ++at)
            text += static_cast<char>('!' + 3 + at % 50);
        EXPECT_EQ(escaped(text), text);
    }
}

TEST(JsonText, EveryByteAtEveryPlace) {
    for (unsigned value = 0; value < 256; ++value) {
        char c = static_cast<char>(value);
        for (size_t size : {1, 3, 4, 7, 8, 12, 15, 16, 17, 31, 32, 33, 48, 50, 65}) {
            for (size_t place = 0; place < size; ++place) {
                std::string text(size, 'x');
                text[place] = c;
                std::string expected = text;
                if (value == 0 || value >= 0x80)
                    expected.replace(place, 1, "\xef\xbf\xbd");
                ASSERT_EQ(returned(text), expected) << value << " at " << place << " of " << size;
                ASSERT_EQ(escaped(text) == text,
                          value >= 0x20 && value < 0x80 && c != '"' && c != '\\');
            }
        }
    }
}

TEST(JsonText, ShortFormsAndControlCharacters) {
    EXPECT_EQ(escaped("\"\\\n\r\t\x01\x1f/\x7f"), "\\\"\\\\\\n\\r\\t\\u0001\\u001f/\x7f");
    EXPECT_EQ(escaped(std::string(40, '\x02')).size(), json_escaped_max(40));
}

TEST(JsonText, KeepsWellFormedUtf8) {
    for (const char* text : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xe0\xa4\xb9\xe0\xa4\xbf",
                             "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                             "\xf4\x8f\xbf\xbf", "plain ascii, then \xf0\x9f\x98\x80 and more"}) {
        EXPECT_EQ(escaped(text), text);
    }
}

TEST(JsonText, ReplacesWhatIsNotUtf8) {
    const std::string mark = "\xef\xbf\xbd";
    const std::pair<const char*, std::string> broken[] = {
        {"\x80", mark},
        {"\xc0\x80", mark + mark},  // overlong
        {"\xc1\xbf", mark + mark},
        {"\xe0\x9f\xbf", mark + mark + mark},             // overlong
        {"\xed\xa0\x80", mark + mark + mark},             // surrogate
        {"\xf0\x8f\xbf\xbf", mark + mark + mark + mark},  // overlong
        {"\xf4\x90\x80\x80", mark + mark + mark + mark},  // above U+10FFFF
        {"\xf5\x80\x80\x80", mark + mark + mark + mark},
        {"\xe0\xa4", mark + mark},  // cut
        {"\xc3(", mark + "("},
        {"a\xff"
         "b",
         "a" + mark + "b"},
    };
    for (const auto& [bytes, expected] : broken)
        EXPECT_EQ(escaped(bytes), expected);
}

TEST(JsonText, RandomBytesAlwaysMakeValidJson) {
    std::mt19937 random(1);
    for (int round = 0; round < 20000; ++round) {
        std::string bytes(random() % 70, '\0');
        bool mostly_plain = random() % 2 == 0;
        for (char& c : bytes)
            c = static_cast<char>(mostly_plain && random() % 20 != 0 ? 'a' + random() % 26
                                                                     : random());
        ASSERT_EQ(returned(returned(bytes)), returned(bytes));
    }
}

TEST(JsonText, ReplacesEachNul) {
    std::string text("\0a\0\0b\0", 6);
    replace_nul(text);
    EXPECT_EQ(text, "\xef\xbf\xbd"
                    "a\xef\xbf\xbd\xef\xbf\xbd"
                    "b\xef\xbf\xbd");
}

TEST(Utf8Prefix, CutsBetweenCharacters) {
    EXPECT_EQ(utf8_prefix("abc", 3), "abc");
    EXPECT_EQ(utf8_prefix("abcd", 3), "abc");
    EXPECT_EQ(utf8_prefix("", 3), "");
    EXPECT_EQ(utf8_prefix("abc", 0), "");
    EXPECT_EQ(utf8_prefix("ab\xc3\xa9", 3), "ab");
    EXPECT_EQ(utf8_prefix("ab\xc3\xa9x", 4), "ab\xc3\xa9");
    EXPECT_EQ(utf8_prefix("\xe0\xa4\xb9\xe0\xa4\xb9", 5), "\xe0\xa4\xb9");
    EXPECT_EQ(utf8_prefix("\xe0\xa4\xb9\xe0\xa4\xb9", 4), "\xe0\xa4\xb9");
    EXPECT_EQ(utf8_prefix("\xe0\xa4\xb9\xe0\xa4\xb9", 3), "\xe0\xa4\xb9");
    EXPECT_EQ(utf8_prefix("a\xf0\x9f\x98\x80z", 4), "a");
    EXPECT_EQ(utf8_prefix("a\xf0\x9f\x98\x80z", 5), "a\xf0\x9f\x98\x80");
    EXPECT_EQ(utf8_prefix("\x80\x80\x80\x80\x80", 4), "\x80\x80\x80\x80");
}

}  // namespace
}  // namespace coupon
