// Admitad: statistics/actions, by the time of the last change, at offsets.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cashback/networks/admitad_tokens.hpp"
#include "cashback/networks/network.hpp"
#include "cashback/networks/network_record.hpp"
#include "cashback/networks/page_sweep.hpp"

namespace coupon {

struct AdmitadSettings {
    AdmitadAccount account;
    std::string subid = "subid4";  // the member that carries our click id
    TimeZone zone;
    NetworkState credit_on = NetworkState::confirmed;
    std::optional<RateLimit> rate;
};

// What `status` and `paid` say together.
NetworkStatus admitad_status(const std::string& word, const nlohmann::json& record);

RecordRules admitad_rules(const std::string& subid, const TimeZone& zone);

class Admitad : public AffiliateNetwork {
  public:
    Admitad(AdmitadSettings settings, const std::string& database_url, const RedisAddress& redis,
            const Log& log);

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] NetworkState credit_on() const override { return settings_.credit_on; }
    NetworkPage fetch(const NetworkWindow& window, const std::string& place) override;
    std::optional<NetworkPage> fetch_one(const std::string& transaction_id) override;

  private:
    // A record and its offset in the list.
    struct Anchor {
        std::int64_t offset = 0;
        std::string key;
    };

    NetworkPage page(const std::string& query);
    HttpAnswer actions(const std::string& query);
    std::optional<std::string> place_after(const Anchor& begun_at, const NetworkPage& page);
    std::string back_to_known();

    const std::string name_ = "admitad";
    const AdmitadSettings settings_;
    const RecordRules rules_;
    NetworkCall call_;
    AdmitadTokens tokens_;
    PageSweep sweep_;
    std::vector<Anchor> anchors_;  // the first record of each page of this reading
    int lost_anchors_ = 0;
};

}  // namespace coupon
