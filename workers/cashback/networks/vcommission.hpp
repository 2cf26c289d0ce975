// vCommission, a Trackier network: conversions by the day they were made, in numbered pages.
#pragma once

#include <string>

#include "cashback/networks/network.hpp"
#include "cashback/networks/network_call.hpp"
#include "cashback/networks/network_record.hpp"
#include "cashback/networks/page_sweep.hpp"

namespace coupon {

struct VcommissionSettings {
    std::string base_url, path, api_key;
    bool key_in_query = false;  // else in the header X-Api-Key
    FieldMap fields;
    TimeZone zone;
    std::string currency;
    NetworkState credit_on = NetworkState::confirmed;
    std::optional<RateLimit> rate;
};

// What VCOMMISSION_FIELDS is laid over.
FieldMap vcommission_fields();
NetworkStatus vcommission_status(const std::string& word, const nlohmann::json& record);

class Vcommission : public AffiliateNetwork {
  public:
    Vcommission(VcommissionSettings settings, const RedisAddress& redis, const Log& log);

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] NetworkState credit_on() const override { return settings_.credit_on; }
    NetworkPage fetch(const NetworkWindow& window, const std::string& place) override;
    std::optional<NetworkPage> fetch_one(const std::string& transaction_id) override;

  private:
    struct Page;

    Page page(const std::string& query);
    HttpAnswer conversions(const std::string& query);
    [[noreturn]] void refuse(const HttpAnswer& answer, const std::string& code);

    const std::string name_ = "vcommission";
    const VcommissionSettings settings_;
    const RecordRules rules_;
    NetworkCall call_;
    PageSweep sweep_;
};

}  // namespace coupon
