#include "core/percent.hpp"

#include <gtest/gtest.h>

namespace coupon {
namespace {

TEST(PercentEncoded, LeavesOnlyUnreserved) {
    EXPECT_EQ(percent_encoded("aZ09-._~ /?&=%+\xc3\xa9"), "aZ09-._~%20%2F%3F%26%3D%25%2B%C3%A9");
}

}  // namespace
}  // namespace coupon
