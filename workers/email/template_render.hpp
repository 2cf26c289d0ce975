// One text made of a template and a message's data, with nothing left blank.
#pragma once

#include <kainjow/mustache.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "email/template_tags.hpp"

namespace coupon {

class TemplateText {
  public:
    enum class Escape : bool { none, html };

    // `name` is the template's, for messages; `text` is laid out already. Throws TemplateError.
    TemplateText(std::string name, const std::string& text, Escape escape);

    // Throws PermanentFailure with the template and the variable where one is missing, null, empty
    // or no text, or is a link (its name ends in _url or _link) that is no http or https one. One
    // thread at a time.
    [[nodiscard]] std::string render(const kainjow::mustache::data& data);

  private:
    class Context;

    std::string name_;
    TemplateNames names_;
    kainjow::mustache::mustache mustache_;
};

// An object as mustache knows it. Numbers become their digits; null becomes false, so that a
// section of that name does not show what an outer object has. Throws PermanentFailure for data
// that is nested too deep.
kainjow::mustache::data mustache_data(const nlohmann::json& json);

}  // namespace coupon
