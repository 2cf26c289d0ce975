// couponctl doctor: secrets, programs, workers, and NGINX's configuration.
#include <gtest/gtest.h>

#include "couponctl/doctor/judges/nginx_conf.hpp"
#include "couponctl/doctor/judges/programs.hpp"
#include "couponctl/doctor/judges/secrets.hpp"
#include "couponctl/doctor/judges/workers.hpp"

namespace coupon::doctor {
namespace {

std::string bad(const Findings& findings) {
    std::string text;
    for (const auto& one : findings) {
        EXPECT_EQ(one.level == Level::ok, one.remedy.empty()) << one.what;
        if (one.level != Level::ok) {
            text += std::string(level_name(one.level)) + " " + one.where + ": " + one.what + "\n";
        }
    }
    return text;
}

SecretFacts good_secret() {
    SecretFacts facts;
    facts.name = "COUPON_CLICK_KEY_FILE";
    facts.path = "/etc/coupon/click_key";
    facts.mode = 0640;
    facts.shortest = 32;
    facts.hex_key = true;
    return facts;
}

std::string bad_secret(const SecretFacts& facts) {
    return bad(judge_secrets({facts}, {}));
}

TEST(DoctorSecrets, FindsEachTrouble) {
    EXPECT_EQ(bad_secret(good_secret()), "");
    const auto with = [](auto change) {
        auto facts = good_secret();
        change(facts);
        return bad_secret(facts);
    };
    using Facts = SecretFacts&;
    const auto has = [](const std::string& text, const char* what) { return text.find(what) != std::string::npos; };
    EXPECT_TRUE(has(with([](Facts f) { f.mode = 0644; }), "every user"));
    EXPECT_TRUE(has(with([](Facts f) { f.mode = 0604; }), "every user"));
    EXPECT_TRUE(has(with([](Facts f) { f.mode = 0660; }), "its group may write"));
    EXPECT_TRUE(has(with([](Facts f) { f.shortest = 0; }), "it is empty"));
    EXPECT_TRUE(has(with([](Facts f) { f.all_hex = false; }), "not 32 hexadecimal digits"));
    EXPECT_TRUE(has(with([](Facts f) { f.hex_key = false; f.shortest = 15; f.least = 16; }), "15 bytes can be guessed"));
    EXPECT_TRUE(has(with([](Facts f) { f.stray_space = true; }), "begins or ends with a space"));
    EXPECT_TRUE(has(with([](Facts f) { f.failure = "it cannot be read"; }), "warning"));
    auto in_environment = good_secret();
    in_environment.path.clear();
    in_environment.mode = 0777;
    EXPECT_EQ(bad_secret(in_environment), "") << "an environment has no mode";
}

TEST(DoctorSecrets, TheEdgeSignsWithAKeyThatWorkersKnow) {
    using Keys = std::vector<std::string>;
    EXPECT_EQ(bad(judge_secrets({}, {Keys{"new", "old"}, Keys{"old", "new"}})), "");
    EXPECT_NE(bad(judge_secrets({}, {Keys{"new", "old"}, Keys{"old"}})), "");
    EXPECT_EQ(judge_secrets({}, {Keys{"new"}, std::nullopt}).size(), 0U) << "nothing to compare with";
}

TEST(DoctorPrograms, TheModuleFitsNginx) {
    const NginxFacts nginx{"/usr/sbin/nginx", "", "1.22.1", "8,4,8,0101"};
    const ModuleFacts module{"/m.so", "", "1.22.1", "8,4,8,0101", "0.1.0"};
    EXPECT_EQ(bad(judge_programs(nginx, module, "0.1.0")), "");
    auto other = module;
    other.nginx_version = "1.24.0";
    EXPECT_NE(bad(judge_programs(nginx, other, "0.1.0")).find("built for NGINX 1.24.0"), std::string::npos);
    other = module;
    other.signature = "8,4,8,0100";
    EXPECT_NE(bad(judge_programs(nginx, other, "0.1.0")).find("other options"), std::string::npos);
    EXPECT_TRUE(bad(judge_programs(nginx, module, "0.2.0")).starts_with("warning /m.so: it is version 0.1.0"));
    other = module;
    other.failure = "the module's file cannot be read";
    EXPECT_TRUE(bad(judge_programs(nginx, other, "0.1.0")).starts_with("problem /m.so"));
    const NginxFacts none{"nginx", "cannot be run", "", ""};
    EXPECT_EQ(bad(judge_programs(none, module, "0.1.0")), "warning nginx: cannot be run\n");
}

EdgeFacts good_edge() {
    EdgeFacts facts;
    facts.url = "http://127.0.0.1/stats";
    facts.edge = "edge-1";
    facts.nginx_version = "1.22.1";
    facts.version = "0.1.0";
    facts.has_catalog = facts.loaded = facts.complete = facts.redis = facts.postgres = true;
    facts.journal_budget_bytes = 1000;
    return facts;
}

TEST(DoctorEdge, FindsEachTrouble) {
    const NginxFacts nginx{"/usr/sbin/nginx", "", "1.22.1", ""};
    const auto with = [&](auto change) {
        auto facts = good_edge();
        change(facts);
        return bad(judge_edge(facts, nginx, "0.1.0"));
    };
    using Facts = EdgeFacts&;
    EXPECT_EQ(with([](Facts) {}), "");
    EXPECT_EQ(with([](Facts f) { f.has_catalog = f.loaded = f.complete = false; }), "") << "webhooks alone";
    EXPECT_TRUE(with([](Facts f) { f.failure = "the edge does not answer"; }).starts_with("problem"));
    EXPECT_TRUE(with([](Facts f) { f.version = "0.0.9"; }).starts_with("warning"));
    EXPECT_TRUE(with([](Facts f) { f.nginx_version = "1.18.0"; }).starts_with("warning"));
    EXPECT_TRUE(with([](Facts f) { f.loaded = false; }).starts_with("problem"));
    EXPECT_TRUE(with([](Facts f) { f.complete = false; }).starts_with("warning"));
    EXPECT_TRUE(with([](Facts f) { f.evictions = 1; }).starts_with("warning"));
    EXPECT_TRUE(with([](Facts f) { f.redis = false; }).starts_with("problem"));
    EXPECT_TRUE(with([](Facts f) { f.postgres = false; }).starts_with("problem"));
    EXPECT_TRUE(with([](Facts f) { f.oldest_unsettled_s = 61; }).starts_with("warning"));
    EXPECT_TRUE(with([](Facts f) { f.sending_paused = true; }).starts_with("warning"));
    EXPECT_TRUE(with([](Facts f) { f.journal_used_bytes = 800; }).starts_with("problem"));
}

TEST(DoctorWorkers, MissesThoseThatAreNeeded) {
    WorkerFacts facts{"", {{"clicks:a:1", "clicks", "0.1.0", true}}, {{"clicks", "an edge"}}};
    EXPECT_EQ(bad(judge_workers(facts, "0.1.0")), "");
    EXPECT_TRUE(bad(judge_workers(facts, "0.2.0")).starts_with("warning clicks:a:1: it is version 0.1.0"));
    facts.running[0].alive = false;
    const auto text = bad(judge_workers(facts, "0.1.0"));
    EXPECT_NE(text.find("problem clicks: none runs"), std::string::npos) << text;
    facts.failure = "Redis does not tell";
    EXPECT_TRUE(bad(judge_workers(facts, "0.1.0")).starts_with("problem heartbeats"));
}

TEST(DoctorSettings, CountOnlyForRolesThatAreThere) {
    const SettingsFacts sms{"sms", "", false, {"MSG91_AUTH_KEY is not set"}};
    WorkerFacts workers;
    EXPECT_EQ(bad(judge_settings({sms}, workers)), "");
    workers.needed = {{"sms", "text messages wait"}};
    EXPECT_NE(bad(judge_settings({sms}, workers)).find("MSG91_AUTH_KEY is not set"), std::string::npos);
    workers.needed.clear();
    workers.running = {{"sms:a:1", "sms", "0.1.0", true}};
    EXPECT_NE(bad(judge_settings({sms}, workers)), "");
    EXPECT_NE(bad(judge_settings({{"sms", "cannot be run", false, {}}}, workers)), "");
    EXPECT_EQ(bad(judge_settings({{"sms", "", true, {}}}, workers)), "");
}

NginxSettings settings_of(std::string_view text) {
    NginxSettings settings;
    add_settings(read_directives(text), settings);
    return settings;
}

TEST(DoctorNginxConf, IsReadAsFarAsItMatters) {
    const auto settings = settings_of(R"(
# coupon_click_key file:/not/this;
user www-data adm;
load_module modules/a.so;
http {
    include conf.d/*.conf;
    coupon_journal "/var/lib/coupon journal" size=2g webhooks=512m;
    coupon_redis 127.0.0.1:6379 db=0 password=file:/etc/coupon/redis;
    location /out/ { coupon_redirect on; coupon_link_secret
        file:/etc/coupon/link; }
    proxy_set_header X-Note "coupon_link_secret file:/nor/this;";
})");
    EXPECT_EQ(settings.user, "www-data");
    EXPECT_EQ(settings.journal, "/var/lib/coupon journal");
    EXPECT_EQ(settings.budget_bytes, (2ULL << 30) + (512ULL << 20));
    ASSERT_EQ(settings.secrets.size(), 2U);
    EXPECT_EQ(settings.secrets[0].path, "/etc/coupon/redis");
    EXPECT_EQ(settings.secrets[1].path, "/etc/coupon/link");
    EXPECT_EQ(settings.secrets[1].directive, "coupon_link_secret");
    EXPECT_EQ(settings.includes, std::vector<std::string>{"conf.d/*.conf"});
    EXPECT_EQ(settings.modules, std::vector<std::string>{"modules/a.so"});
}

TEST(DoctorNginxConf, WhatIsNoneDoesNoHarm) {
    for (const char* text : {"", "\"", "'\\", "{{{{", ";;;}", "coupon_journal", "coupon_journal\\", "user \"a"}) {
        settings_of(text);
    }
    EXPECT_EQ(settings_of("coupon_journal /j;").budget_bytes, 11ULL << 30) << "the defaults";
    EXPECT_EQ(settings_of("coupon_journal /j size=x;").budget_bytes, 11ULL << 30);
}

}  // namespace
}  // namespace coupon::doctor
