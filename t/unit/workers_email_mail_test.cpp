// A mail's places: addresses, names, subjects, and how they stand in a header.
#include <gtest/gtest.h>

#include <sstream>

#include "core/base64.hpp"
#include "email/encoded_word.hpp"
#include "email/mail_rules.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

TEST(EmailRules, Addresses) {
    for (const auto* good : {"a@b.co", "first.last+tag@sub.example.com", "o'neill@example.com",
                             "x_y-z@1.example", "UPPER@EXAMPLE.COM"}) {
        EXPECT_EQ(address_fault(good), "") << good;
    }
    for (const std::string bad : {"",
                                  "a",
                                  "@b.co",
                                  "a@",
                                  "a@b",
                                  "a b@c.de",
                                  "a@b..co",
                                  ".a@b.co",
                                  "a.@b.co",
                                  "a..b@c.de",
                                  "a@-b.co",
                                  "a@b-.co",
                                  "a@b_c.co",
                                  "a,b@c.de",
                                  "a;b@c.de",
                                  "<a@b.co>",
                                  "Asha <a@b.co>",
                                  "a@b.co\r\nBcc: x@y.zz",
                                  "a@b.co\n",
                                  "a\t@b.co",
                                  "a@b.co, c@d.ee",
                                  "\"a b\"@c.de",
                                  "ä@b.co",
                                  "a@bücher.example",
                                  "a@b.co\x7f",
                                  "a@[127.0.0.1]",
                                  "a@b@c.de"}) {
        EXPECT_NE(address_fault(bad), "") << bad;
    }
    EXPECT_NE(address_fault(std::string("a@b.co\0", 7)), "");
    const std::string label(60, 'd');
    const auto domain = label + "." + label + "." + label + ".co";
    EXPECT_EQ(address_fault(std::string(254 - 1 - domain.size(), 'a') + "@" + domain),
              "is no e-mail address like name@example.com");
    EXPECT_EQ(address_fault(std::string(64, 'a') + "@" + domain), "");
    EXPECT_NE(address_fault(std::string(65, 'a') + "@b.co"), "");
    EXPECT_NE(
        address_fault("a@" + label + "." + label + "." + label + "." + label + "." + label + ".co"),
        "");
}

TEST(EmailRules, LengthsAtTheirLimits) {
    EXPECT_EQ(subject_fault(std::string(subject_max_bytes, 's')), "");
    EXPECT_NE(subject_fault(std::string(subject_max_bytes + 1, 's')), "");
    EXPECT_EQ(name_fault(std::string(name_max_bytes, 'n')), "");
    EXPECT_NE(name_fault(std::string(name_max_bytes + 1, 'n')), "");
    const std::string base = "https://shop.example/";
    EXPECT_EQ(link_fault(base + std::string(link_max_bytes - base.size(), 'x')), "");
    EXPECT_NE(link_fault(base + std::string(link_max_bytes + 1 - base.size(), 'x')), "");
}

TEST(EmailRules, LineBreaksAreRefusedAndNotRepeated) {
    for (const auto* text : {"a\rb", "a\nb", "a\r\nBcc: secret@x.yz", "a\x01"}) {
        for (const auto& fault : {subject_fault(text), name_fault(text), address_fault(text)}) {
            EXPECT_NE(fault, "");
            EXPECT_EQ(fault.find("secret"), std::string::npos);
        }
    }
    EXPECT_NE(subject_fault("  "), "");
    EXPECT_TRUE(fits_display_name("Asha Rao"));
    EXPECT_FALSE(fits_display_name("Rao, Asha"));
    EXPECT_FALSE(fits_display_name("a;b"));
}

TEST(EmailRules, AMailIsCheckedAsAWhole) {
    Mail mail;
    mail.from = {"shop@shop.example", "Shop"};
    mail.to = {"a@b.co", ""};
    mail.subject = "Hello";
    EXPECT_NO_THROW(check_mail(mail));
    auto big = mail;
    big.html.assign(body_max_bytes + 1, 'x');
    EXPECT_THROW(check_mail(big), PermanentFailure);
    auto broken = mail;
    broken.subject = "Hello\r\nBcc: x@y.zz";
    EXPECT_THROW(check_mail(broken), PermanentFailure);
}

// Every word on its own, since a reader's programme may show them so.
std::string decoded(const std::string& words) {
    std::istringstream stream(words);
    std::string text;
    for (std::string word; stream >> word;) {
        EXPECT_LE(word.size(), 75U);
        EXPECT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
        const auto part = base64_decode(word.substr(10, word.size() - 12));
        EXPECT_TRUE(part);
        EXPECT_NE(static_cast<unsigned char>(part->front()) & 0xc0, 0x80) << "a split character";
        text += *part;
    }
    return text;
}

TEST(EncodedWord, AsciiStaysAsItIs) {
    EXPECT_EQ(header_text("Your order N-1 is confirmed"), "Your order N-1 is confirmed");
    EXPECT_EQ(decoded(header_text("=?UTF-8?B?AAAA?=")), "=?UTF-8?B?AAAA?=");
}

TEST(EncodedWord, NoCharacterIsSplitWhereverTheWordsEnd) {
    for (std::size_t shift = 0; shift < 4; ++shift) {
        for (const std::string character : {"é", "₹", "😀"}) {
            std::string text(shift, 'x');
            for (int i = 0; i < 40; ++i) {
                text += character;
            }
            EXPECT_EQ(decoded(header_text(text)), text);
        }
    }
}

TEST(EncodedWord, Addresses) {
    EXPECT_EQ(header_address({"a@b.co", ""}), "a@b.co");
    EXPECT_EQ(header_address({"a@b.co", "The \"Shop\" \\ Co."}),
              R"("The \"Shop\" \\ Co." <a@b.co>)");
    const auto text = header_address({"a@b.co", "Köpfchen"});
    EXPECT_EQ(decoded(text.substr(0, text.find(' '))), "Köpfchen");
    EXPECT_TRUE(text.ends_with(" <a@b.co>"));
}

}  // namespace
}  // namespace coupon
