#include "couponctl/templates.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "email/mail_composer.hpp"
#include "email/mail_types.hpp"
#include "runtime/clock.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

struct RenderOptions {
    std::string name;
    std::string data;  // a path, - for standard input, or empty for the sample
    std::string html, text;
};

// FROM_EMAIL and the shop's name are the worker's settings; a template can be looked at without.
MailComposer composer() {
    return MailComposer(
        configured_mail(environment_value("FROM_EMAIL").value_or("shop@example.com")));
}

nlohmann::json read_data(const std::string& path) {
    std::string text;
    if (path == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        std::ifstream file(path, std::ios::binary);
        if (!file.is_open()) {
            throw ConfigError("--data: the file cannot be read: " + path);
        }
        text.assign(std::istreambuf_iterator<char>(file), {});
    }
    auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) {
        throw ConfigError("--data: not a JSON object");
    }
    return json;
}

void write_part(const std::string& option, const std::string& path, const std::string& part,
                std::ostream& out) {
    if (path == "-") {
        out << part;
        return;
    }
    std::ofstream file(path, std::ios::binary);
    file << part;
    if (!file.flush()) {
        throw CommandError(option + ": the file cannot be written: " + path);
    }
}

void list_templates(std::ostream& out) {
    for (const auto& name : composer().templates().names()) {
        out << name
            << (is_critical(name) ? "  sent to those as well who unsubscribed\n"
                                  : "  not sent to those who unsubscribed\n");
    }
}

void render_template(const RenderOptions& options, std::ostream& out) {
    auto mails = composer();
    const auto now_s = unix_now_s();
    Mail mail;
    try {
        mail = options.data.empty()
                   ? mails.compose_sample(options.name, now_s)
                   : mails.compose_example(options.name, read_data(options.data), now_s);
    } catch (const PermanentFailure& failure) {
        throw CommandError(failure.what());
    }
    out << "Subject: " << mail.subject << '\n';
    if (!options.text.empty()) {
        write_part("--text", options.text, mail.text, out);
    } else {
        out << '\n' << mail.text;
    }
    if (!options.html.empty()) {
        write_part("--html", options.html, mail.html, out);
    }
}

}  // namespace

void add_template_commands(CLI::App& app, std::ostream& out) {
    auto* templates =
        app.add_subcommand("templates", "E-mail templates: list, render")->require_subcommand(1);
    templates->add_subcommand("list", "The templates of TEMPLATE_DIR")->callback([&out] {
        list_templates(out);
    });
    auto options = std::make_shared<RenderOptions>();
    auto* render = templates->add_subcommand(
        "render", "Print a mail's subject and text as its recipient would see them");
    render->add_option("name", options->name, "The template, which is the job's type")->required();
    render->add_option("--data", options->data,
                       "A file with the job's data, - for standard input; default: the sample");
    render->add_option("--html", options->html, "Write the HTML to this file, - to print it");
    render->add_option("--text", options->text,
                       "Write the text to this file instead of printing it");
    render->callback([options, &out] { render_template(*options, out); });
}

}  // namespace coupon
