// One generation of sitemap files, published by one rename.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

class SitemapFiles {
  public:
    // `generation`: letters and digits, which the files' names bear. `base_url`: where `folder` is
    // seen from outside, without a slash at its end.
    SitemapFiles(std::string folder, std::string base_url, std::string generation);

    // `last_changed`: a W3C date and time, or empty. Throws CommandError where a file cannot be
    // written, or where there would be more than a sitemap may have.
    void add(std::string_view url, std::string_view last_changed);

    // Writes what is left and then sitemap.xml; then removes the files of generations that neither
    // this nor the sitemap.xml before names: who has just read that one still finds them.
    void publish();

    [[nodiscard]] std::int64_t urls() const noexcept { return urls_; }
    [[nodiscard]] std::size_t files() const noexcept { return names_.size(); }

  private:
    void finish_file();
    void remove_old(const std::string& index_before) const;

    const std::string folder_, base_url_, generation_;
    std::string body_;
    std::int64_t urls_ = 0;
    std::int64_t urls_in_file_ = 0;
    std::vector<std::string> names_;
};

}  // namespace coupon
