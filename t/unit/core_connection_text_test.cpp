#include "core/connection_text.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

TEST(WithoutQuoted, LeavesTheSentence) {
    EXPECT_EQ(without_quoted("no host \"hunter2@db\": unknown\n"), "no host \"…\": unknown");
    EXPECT_EQ(without_quoted("ends in \"hunter2"), "ends in \"…\"");
    EXPECT_EQ(without_quoted(""), "");
}

TEST(MisreadPostgresText, IsEmptyForWhatCanBeMeant) {
    EXPECT_EQ(misread_postgres_text("", "", "", ""), "");
    EXPECT_EQ(misread_postgres_text("postgresql://", "db.test", "5432", "shop"), "");
    EXPECT_EQ(misread_postgres_text("postgresql://", "one,::1,/run/p@g", "1,,65535", "shop"), "");
    EXPECT_EQ(misread_postgres_text("host=", "@abstract", "", "odd@name"), "");
}

// What libpq makes of a password with an '@', a ':' or a '/' that is not percent-encoded.
TEST(MisreadPostgresText, NamesTheFaultWithoutThePassword) {
    struct Case {
        const char *hosts, *ports, *database, *says;
    };
    for (const Case& wrong : {Case{"hunter2@db", "", "", "host"}, Case{"db,hunter2@db", "", "", "host"},
                              Case{"@hunter2@db", "", "", "host"}, Case{"hunter2/db", "", "", "host"},
                              Case{"db", "hunter2", "", "port"}, Case{"db", "1,hunter2", "", "port"},
                              Case{"db", "0", "", "port"}, Case{"db", "65536", "", "port"},
                              Case{"", "", "hunter2@db", "database"}}) {
        const auto said =
            misread_postgres_text("postgres://", wrong.hosts, wrong.ports, wrong.database);
        EXPECT_NE(said.find(wrong.says), std::string::npos) << wrong.hosts << ": " << said;
        EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
    }
}

}  // namespace
}  // namespace coupon
