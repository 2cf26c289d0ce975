// What a network calls the members of its records.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace coupon {

enum class Field : std::uint8_t {
    id,
    click,
    order,
    merchant,
    status,
    commission,
    sale,
    currency,
    occurred,
    updated,
    records,  // where in a page the array of records stands, by dots
};

class FieldMap {
  public:
    // "id=_id click=p1 …", words by spaces or commas, laid over this map; "order=" says that the
    // network has none. Throws ConfigError, which names `variable`.
    [[nodiscard]] FieldMap with(const std::string& words, const std::string& variable) const;

    FieldMap& set(Field field, std::string name) {
        names_[static_cast<std::size_t>(field)] = std::move(name);
        return *this;
    }
    // Empty: the network does not say.
    [[nodiscard]] const std::string& name(Field field) const noexcept {
        return names_[static_cast<std::size_t>(field)];
    }

  private:
    std::array<std::string, 11> names_;
};

}  // namespace coupon
