#include "email/template_store.hpp"

#include <fstream>
#include <iterator>
#include <set>

#include "email/mail_types.hpp"
#include "email/template_layout.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/installation.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

namespace fs = std::filesystem;
using Escape = TemplateText::Escape;

constexpr std::string_view subject_ending = ".subject.mustache";
constexpr std::string_view text_ending = ".txt.mustache";
constexpr std::string_view html_ending = ".html.mustache";
constexpr std::string_view sample_ending = ".sample.json";

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    if (!file.is_open() || fs::is_directory(path, error)) {
        throw ConfigError("the template file " + path.string() + " is not there or cannot be read");
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

// The templates' names: those that any file in the folder is of, and those that must be there.
std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& type : mail_types) {
        names.emplace(type.name);
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const auto file = entry.path().filename().string();
        for (const auto ending : {subject_ending, text_ending, html_ending}) {
            if (file.ends_with(ending)) {
                names.insert(file.substr(0, file.size() - ending.size()));
            }
        }
    }
    if (error) {
        throw ConfigError("TEMPLATE_DIR: the folder " + folder.string() + " cannot be read");
    }
    names.erase("layout");
    return names;
}

TemplateText load(const fs::path& folder, const std::string& file, const std::string& layout,
                  Escape escape) {
    auto text = read_text(folder / file);
    if (escape == Escape::none && layout.empty()) {
        // A subject is one line; the file's end is none of it.
        text.erase(text.find_last_not_of("\r\n") + 1);
    }
    try {
        return {file, laid_out(text, layout), escape};
    } catch (const TemplateError& error) {
        throw ConfigError("the template file " + (folder / file).string() + ": " + error.what());
    }
}

}  // namespace

TemplateStore::TemplateStore(fs::path folder) : folder_(std::move(folder)) {
    const auto text_layout = read_text(folder_ / ("layout" + std::string(text_ending)));
    const auto html_layout = read_text(folder_ / ("layout" + std::string(html_ending)));
    for (const auto& name : names_in(folder_)) {
        templates_.emplace(
            name,
            Template{load(folder_, name + std::string(subject_ending), "", Escape::none),
                     load(folder_, name + std::string(text_ending), text_layout, Escape::none),
                     load(folder_, name + std::string(html_ending), html_layout, Escape::html)});
    }
}

std::vector<std::string> TemplateStore::names() const {
    std::vector<std::string> names;
    for (const auto& [name, parts] : templates_) {
        names.push_back(name);
    }
    return names;
}

RenderedMail TemplateStore::render(const std::string& name, const nlohmann::json& data) {
    const auto found = templates_.find(name);
    if (found == templates_.end()) {
        throw PermanentFailure("there is no e-mail template for this type");
    }
    const auto values = mustache_data(data);
    auto& parts = found->second;
    return {parts.subject.render(values), parts.text.render(values), parts.html.render(values)};
}

nlohmann::json TemplateStore::sample(const std::string& name) const {
    const auto path = folder_ / (name + std::string(sample_ending));
    auto json = nlohmann::json::parse(read_text(path), nullptr, false);
    if (!json.is_object()) {
        throw ConfigError("the sample " + path.string() + " is no JSON object");
    }
    return json;
}

fs::path configured_email_templates() {
    return fs::path(environment_value("TEMPLATE_DIR").value_or(shipped_templates())) / "email";
}

}  // namespace coupon
