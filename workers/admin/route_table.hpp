// Finds the route of a request. Pure.
#pragma once

#include <string>
#include <vector>

#include "admin/routes.hpp"

namespace coupon {

class RouteTable {
  public:
    // Throws std::logic_error where two routes answer the same.
    explicit RouteTable(std::vector<AdminRoute> routes);

    struct Match {
        const AdminRoute* route;  // lives as long as the table
        std::vector<std::string> captures;
    };
    // Words outrank {…}. HEAD finds GET. Throws AdminError 404, or 405 where another method would
    // do.
    [[nodiscard]] Match find(const std::string& method,
                             const std::vector<std::string>& segments) const;
    // The methods of a path, "GET, POST"; empty where nothing is.
    [[nodiscard]] std::string allowed(const std::vector<std::string>& segments) const;

  private:
    struct Entry {
        AdminRoute route;
        std::vector<std::string> pattern;
    };
    std::vector<Entry> entries_;  // the one with more words first
};

}  // namespace coupon
