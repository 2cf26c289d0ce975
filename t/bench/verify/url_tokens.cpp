// Providers that prove themselves by the last segment of the path only: a delivery report and the
// postbacks of the affiliate networks.
#include "sample.hpp"

using namespace coupon;

namespace {

// Not our form of an id: nothing is spared by its tag being wrong.
const std::string click = "0190a6f2-1c3d-4abc-8def-0123456789ab";

Sample with_token(const char* provider) {
    Sample sample{.provider = provider, .path = "/webhooks/provider/" + sample_secret};
    sample.settings.tokens = {sample_secret};
    return sample;
}

Sample msg91() {
    Sample sample = with_token("msg91");
    sample.body = json_body(1024);
    return sample;
}

// Filled up to about 1 KB with parameters that nobody asked for, as networks send them.
Sample postback(const char* provider, const std::string& query) {
    Sample sample = with_token(provider);
    sample.query = query;
    for (int number = 1; sample.query.size() < 980; ++number) {
        sample.query += "&extra_" + std::to_string(number) + "=some%20value%20of%20the%20network";
    }
    sample.settings.click_keys = {{1, 2}};
    return sample;
}

}  // namespace

void add_url_tokens(std::vector<Sample>& samples) {
    samples.push_back(msg91());
    samples.push_back(postback("admitad", "subid4=" + click +
                                              "&admitad_id=7345218&payment_status=pending&order_sum=1499.00"
                                              "&payment_sum=74.95&currency=INR&order_id=A-1000&offer_id=17"));
    samples.push_back(postback("vcommission", "p1=" + click +
                                                  "&txn_id=7345218&status=pending&sale_amount=1499.00"
                                                  "&payout=74.95&currency=INR&campaign_id=17"));
    samples.push_back(postback("cuelinks", "click_id=" + click +
                                               "&transaction_id=7345218&status=pending&sale_amount=1499.00"
                                               "&commission=74.95&currency=INR&order_id=A-1000"));
}
