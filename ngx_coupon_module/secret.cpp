#include "secret.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace coupon {
namespace {

// Without this NGINX would start a new binary (USR2) with the variable removed.
bool keep_environment_variable(ngx_conf_t* cf, std::string_view name) {
    auto* core = reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cf->cycle->conf_ctx, ngx_core_module));
    const auto* kept = static_cast<ngx_str_t*>(core->env.elts);
    for (ngx_uint_t i = 0; i < core->env.nelts; ++i) {
        if (view(kept[i]) == name) {
            return true;
        }
    }
    auto* copy = static_cast<u_char*>(ngx_pnalloc(cf->pool, name.size() + 1));
    auto* entry = static_cast<ngx_str_t*>(ngx_array_push(&core->env));
    if (copy == nullptr || entry == nullptr) {
        return false;
    }
    std::memcpy(copy, name.data(), name.size());
    copy[name.size()] = '\0';
    *entry = {name.size(), copy};
    return true;
}

void trim_line_end(std::string& text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
}

std::vector<std::string> split_secrets(const std::string& text, bool at_commas) {
    std::vector<std::string> values;
    std::string value;
    auto finish = [&] {
        trim_line_end(value);
        if (!value.empty()) {
            values.push_back(value);
        }
        value.clear();
    };
    for (char c : text) {
        if (c == '\n' || (c == ',' && at_commas)) {
            finish();
        } else {
            value.push_back(c);
        }
    }
    finish();
    return values;
}

}  // namespace

SecretResult read_secret(ngx_conf_t* cf, std::string_view source, SecretSplit split) {
    constexpr std::string_view kEnvironment = "env:";
    constexpr std::string_view kFile = "file:";
    std::string text;

    if (source.starts_with(kEnvironment)) {
        const std::string name(source.substr(kEnvironment.size()));
        if (name.empty() || !keep_environment_variable(cf, name)) {
            return {{}, "env: needs the name of an environment variable"};
        }
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) {
            return {{}, "environment variable " + name + " is not set; set it before the master starts"};
        }
        text = value;
    } else if (source.starts_with(kFile)) {
        const std::string path(source.substr(kFile.size()));
        std::ifstream file(path, std::ios::binary);
        if (!file) {
            return {{}, "cannot read " + path + ": " + std::strerror(errno)};
        }
        std::ostringstream content;
        content << file.rdbuf();
        text = content.str();
    } else {
        return {{}, "a secret is given as env:NAME or file:PATH, never as text in the configuration"};
    }

    trim_line_end(text);
    SecretResult result;
    if (split != SecretSplit::none) {
        result.values = split_secrets(text, split == SecretSplit::lines_and_commas);
    } else if (!text.empty()) {
        result.values.push_back(text);
    }
    if (result.values.empty()) {
        result.error = std::string(source) + " is empty";
    }
    return result;
}

}  // namespace coupon
