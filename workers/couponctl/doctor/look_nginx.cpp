#include "couponctl/doctor/look_nginx.hpp"

#include <glob.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "couponctl/doctor/module_file.hpp"
#include "couponctl/run_program.hpp"
#include "runtime/environment.hpp"
#include "runtime/http_client.hpp"
#include "runtime/storable_text.hpp"

namespace coupon::doctor {
namespace {

namespace fs = std::filesystem;

constexpr int program_timeout_ms = 5000;
constexpr std::size_t files_max = 200;
constexpr std::size_t file_bytes_max = 4 << 20;
constexpr std::size_t answer_text_max = 100;

// "--conf-path=/etc/nginx/nginx.conf" among what nginx -V says.
std::string argument_of(const std::string& said, const std::string& name) {
    const auto start = said.find("--" + name + "=");
    if (start == std::string::npos) {
        return "";
    }
    const auto value = start + name.size() + 3;
    return said.substr(value, said.find_first_of(" \n'", value) - value);
}

std::string version_in(const std::string& said) {
    const auto start = said.find("nginx/");
    return start == std::string::npos
               ? ""
               : said.substr(start + 6, said.find_first_of(" \r\n", start + 6) - (start + 6));
}

// Empty where it is longer: a device, or a file that grows, is not read on and on.
std::string whole_file(const std::string& path, std::size_t most) {
    std::error_code error;
    if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > most || error) {
        return "";
    }
    std::ifstream file(path, std::ios::binary);
    std::string text(most + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text.size() > most ? "" : text;
}

class Configuration {
  public:
    Configuration(NginxSettings& settings, std::string folder)
        : settings_(settings), folder_(std::move(folder)) {}

    void add(const std::string& path) {
        if (seen_.size() >= files_max || !seen_.insert(path).second) {
            return;
        }
        NginxSettings more;
        add_settings(read_directives(whole_file(path, file_bytes_max)), more);
        append(settings_.secrets, more.secrets);
        append(settings_.modules, more.modules);
        if (!more.journal.empty()) {
            settings_.journal = more.journal;
            settings_.budget_bytes = more.budget_bytes;
        }
        settings_.user = more.user.empty() ? settings_.user : more.user;
        for (const auto& pattern : more.includes) {
            include((fs::path(folder_) / pattern).string());
        }
    }

  private:
    template <class T>
    static void append(std::vector<T>& to, const std::vector<T>& more) {
        to.insert(to.end(), more.begin(), more.end());
    }

    void include(const std::string& pattern) {
        glob_t found{};
        if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
            for (std::size_t i = 0; i < found.gl_pathc; ++i) {
                add(found.gl_pathv[i]);
            }
        }
        ::globfree(&found);
    }

    NginxSettings& settings_;
    std::string folder_;
    std::set<std::string> seen_;
};

void read_configuration(NginxLook& look) {
    std::error_code ignored;
    if (look.configuration.empty() || !fs::exists(look.configuration, ignored)) {
        look.settings_failure = "NGINX's configuration is not there";
        return;
    }
    if (!std::ifstream(look.configuration)) {
        look.settings_failure = "NGINX's configuration cannot be read";
        return;
    }
    Configuration(look.settings, fs::path(look.configuration).parent_path()).add(look.configuration);
}

std::string module_path(const NginxLook& look, const std::string& said) {
    constexpr const char* name = "ngx_http_coupon_module.so";
    for (const auto& path : look.settings.modules) {
        if (path.ends_with(name)) {
            return (fs::path(look.prefix) / path).string();
        }
    }
    const auto folder = argument_of(said, "modules-path");
    std::error_code ignored;
    const auto path = fs::path(folder.empty() ? look.prefix + "/modules" : folder) / name;
    return fs::exists(path, ignored) ? path.string() : "";
}

// Never by PATH: doctor is run by root, and PATH may hold a folder that others write.
std::string program_path(const std::string& program) {
    if (!program.empty()) {
        return fs::absolute(program).string();
    }
    std::error_code ignored;
    for (const auto* path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx",
                             "/usr/local/bin/nginx", "/usr/local/nginx/sbin/nginx"}) {
        if (fs::exists(path, ignored)) {
            return path;
        }
    }
    return "/usr/sbin/nginx";
}

// Scheme, host and path: credentials and queries are nobody's to see.
std::string shown_url(const std::string& url) {
    const auto scheme = url.find("://");
    const auto start = scheme == std::string::npos ? 0 : scheme + 3;
    auto rest = url.substr(start, url.find_first_of("?#", start) - start);
    const auto at = rest.substr(0, rest.find('/')).rfind('@');
    if (at != std::string::npos) {
        rest.erase(0, at + 1);
    }
    return storable_text(url.substr(0, start) + rest, answer_text_max);
}

template <class T>
T member(const nlohmann::json& object, const char* name, T by_default) {
    const auto found = object.find(name);
    if (found == object.end()) {
        return by_default;
    }
    try {
        return found->get<T>();
    } catch (const nlohmann::json::exception&) {
        return by_default;
    }
}

nlohmann::json part(const nlohmann::json& stats, const char* name) {
    const auto found = stats.find(name);
    return found != stats.end() && found->is_object() ? *found : nlohmann::json::object();
}

void read_stats(const nlohmann::json& stats, EdgeFacts& facts) {
    facts.edge = storable_text(member(stats, "edge", std::string()), answer_text_max);
    facts.version = storable_text(member(stats, "version", std::string()), answer_text_max);
    const auto catalog = part(stats, "catalog");
    facts.loaded = member(catalog, "loaded", false);
    facts.complete = member(catalog, "complete", false);
    facts.entries = member(catalog, "entries", std::int64_t{0});
    facts.evictions = member(catalog, "evictions", std::int64_t{0});
    facts.redis = member(part(stats, "redis"), "connected", false);
    facts.postgres = member(part(stats, "postgres"), "connected", false);
    const auto journal = part(stats, "journal");
    facts.oldest_unsettled_s =
        static_cast<std::int64_t>(member(journal, "oldest_unsettled_s", 0.0));
    facts.sending_paused = member(journal, "sending_paused", false);
    const auto space = part(journal, "space");
    facts.has_catalog = space.contains("clicks");
    for (const auto& [kind, one] : space.items()) {
        facts.journal_used_bytes += member(one, "used_bytes", std::uint64_t{0});
        facts.journal_budget_bytes += member(one, "budget_bytes", std::uint64_t{0});
    }
    const auto workers = stats.find("workers");
    facts.workers = workers != stats.end() && workers->is_array()
                        ? static_cast<std::int64_t>(workers->size())
                        : 0;
}

}  // namespace

NginxLook look_at_nginx(const std::string& program, const std::string& configuration,
                        const std::string& module) {
    NginxLook look;
    look.facts.path = program_path(program);
    const auto end = run_program({look.facts.path, "-V"}, program_timeout_ms);
    look.facts.version = version_in(end.output);
    if (look.facts.version.empty()) {
        look.facts.failure = "NGINX's program cannot be asked: " +
                             (end.failure.empty() ? "it is none" : end.failure);
    } else {
        constexpr std::size_t program_bytes_max = 256 << 20;
        look.facts.signature = signature_in(whole_file(look.facts.path, program_bytes_max));
        look.prefix = argument_of(end.output, "prefix");
    }
    look.configuration =
        configuration.empty() ? argument_of(end.output, "conf-path") : configuration;
    read_configuration(look);
    const auto path = module.empty() ? module_path(look, end.output) : module;
    if (!path.empty()) {
        look.module = read_module_file(path);
    }
    return look;
}

EdgeFacts look_at_edge() {
    EdgeFacts facts;
    facts.url = "COUPON_EDGE_URL";
    try {
        HttpRequest request;
        request.url = environment_value("COUPON_EDGE_URL").value_or("http://127.0.0.1/stats");
        facts.url = shown_url(request.url);
        request.timeout = std::chrono::seconds(5);
        const auto answer = HttpClient().send(request);
        const auto stats = nlohmann::json::parse(answer.body, nullptr, false);
        if (answer.outcome != HttpAnswer::Outcome::answered) {
            facts.failure = "the edge does not answer: " + answer.error;
        } else if (answer.status != 200 || !stats.is_object() || !stats.contains("catalog")) {
            facts.failure = "what answers there, with " + std::to_string(answer.status) +
                            ", is no location with coupon_stats";
        } else {
            facts.nginx_version = version_in(answer.header("server").value_or(""));
            read_stats(stats, facts);
        }
    } catch (const std::exception& error) {
        facts.failure = error.what();
    }
    return facts;
}

}  // namespace coupon::doctor
