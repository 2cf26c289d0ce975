// The templates of a folder, loaded once: each mail has a subject, a text and an HTML part.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "email/template_render.hpp"

namespace coupon {

struct RenderedMail {
    std::string subject, text, html;
};

class TemplateStore {
  public:
    // <folder>/<name>.{subject,txt,html}.mustache, laid out in layout.txt.mustache and
    // layout.html.mustache. Each of mail_types must be there; others may. Throws ConfigError that
    // names the file.
    explicit TemplateStore(std::filesystem::path folder);

    [[nodiscard]] bool has(const std::string& name) const { return templates_.contains(name); }
    [[nodiscard]] std::vector<std::string> names() const;

    // `data` as template_data() makes it. Throws PermanentFailure for a template that is not there,
    // and as TemplateText::render does. One thread at a time.
    RenderedMail render(const std::string& name, const nlohmann::json& data);

    // <folder>/<name>.sample.json, an object. Throws ConfigError that names the file.
    [[nodiscard]] nlohmann::json sample(const std::string& name) const;

  private:
    struct Template {
        TemplateText subject, text, html;
    };

    std::filesystem::path folder_;
    std::map<std::string, Template> templates_;
};

// TEMPLATE_DIR, or the built-in one, and there email/. Throws ConfigError.
std::filesystem::path configured_email_templates();

}  // namespace coupon
