// CueLinks: transactions by day, in numbered pages.
#pragma once

#include <string>

#include "cashback/networks/network.hpp"
#include "cashback/networks/network_call.hpp"
#include "cashback/networks/network_record.hpp"
#include "cashback/networks/page_sweep.hpp"

namespace coupon {

struct CuelinksSettings {
    std::string base_url, path, api_key;
    bool bearer = false;  // else Token token="…"
    FieldMap fields;
    TimeZone zone;
    NetworkState credit_on = NetworkState::payable;
    std::optional<RateLimit> rate;
};

// What CUELINKS_FIELDS is laid over.
FieldMap cuelinks_fields();
NetworkStatus cuelinks_status(const std::string& word, const nlohmann::json& record);

class Cuelinks : public AffiliateNetwork {
  public:
    Cuelinks(CuelinksSettings settings, const RedisAddress& redis, const Log& log);

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] NetworkState credit_on() const override { return settings_.credit_on; }
    NetworkPage fetch(const NetworkWindow& window, const std::string& place) override;
    // It cannot be asked for one.
    std::optional<NetworkPage> fetch_one(const std::string& transaction_id) override;

  private:
    NetworkPage page(const std::string& query);

    const std::string name_ = "cuelinks";
    const CuelinksSettings settings_;
    const RecordRules rules_;
    NetworkCall call_;
    PageSweep sweep_;
};

}  // namespace coupon
