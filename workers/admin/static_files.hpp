// The dashboard's files: DASHBOARD_DIR/index.html and DASHBOARD_DIR/assets/….
#pragma once

#include <string>

#include "admin/web_request.hpp"
#include "admin/web_response.hpp"

namespace coupon {

class StaticFiles {
  public:
    explicit StaticFiles(std::string directory) : directory_(std::move(directory)) {}

    // Whether the path is one of theirs, be there such a file or not.
    [[nodiscard]] static bool are_asked(const WebRequest& request);
    // Throws AdminError 404, 405. A browser that has the file already is told so.
    [[nodiscard]] WebResponse answer(const WebRequest& request) const;

    // Throws ConfigError where there is no index.html.
    void check() const;

  private:
    const std::string directory_;
};

}  // namespace coupon
