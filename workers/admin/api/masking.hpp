// What people see of personal data and secrets in rows, envelopes and webhooks.
#pragma once

#include <string>
#include <string_view>

#include "admin/api/answers.hpp"

namespace coupon {

// Masked: only what is known to be harmless is shown, by its member's name. Unmasked: everything
// but what would let somebody act in a person's place or spend their money: voucher codes,
// passwords, tokens, links that hold them, keys, signatures. Those are never shown.
class Masking {
  public:
    explicit Masking(bool unmasked) noexcept : unmasked_(unmasked) {}

    [[nodiscard]] bool unmasked() const noexcept { return unmasked_; }

    // An e-mail address or a number.
    [[nodiscard]] Json recipient(const Json& text) const;
    // 192.0.2.0/24 or 2001:db8::/32 where it is an address.
    [[nodiscard]] Json address(const Json& text) const;
    // Sentences, such as errors: the addresses and long numbers in them.
    [[nodiscard]] Json sentence(const Json& text) const;
    // The members of an object, however deep. `type` is a message's: of a password's message
    // nothing that has an unknown name is ever shown.
    [[nodiscard]] Json members(const Json& value, std::string_view type = {}) const;
    // A body or an entry as text: JSON or a form with masked members, and null where it is neither.
    // `secretive`: it may be about a password.
    [[nodiscard]] Json document(std::string_view bytes, bool secretive = false) const;

  private:
    [[nodiscard]] Json member(const std::string& called, const Json& value, bool secretive) const;
    // Of a member: strangers choose it as well.
    [[nodiscard]] std::string name(const std::string& text) const;
    [[nodiscard]] Json form(std::string_view bytes, bool secretive) const;

    bool unmasked_;
};

// SQL: what of the text may be searched. Without what sentence() hides, or people would find out
// letter by letter what they are not shown.
std::string searchable_sql(const std::string& text);

// For ?unmask=1: throws AdminError 403 for a principal that may not, and writes audit_logs, before
// anything is read. `entity` and `entity_id` are what is looked at.
Masking masking_for(const AdminRequest& request, PgConnection& pg, const std::string& entity,
                    const PgParameter& entity_id = {});

}  // namespace coupon
