#include "cron/jobs/sitemap_files.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "cron/jobs/durable_file.hpp"
#include "cron/jobs/gzip.hpp"
#include "runtime/error.hpp"
#include "runtime/markup.hpp"

namespace coupon {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t urls_max = 50'000;            // of a file, by the protocol
constexpr std::size_t bytes_max = 45 * 1024 * 1024;  // of 50 MB, by the protocol
constexpr std::size_t files_max = 50'000;
constexpr std::string_view name_start = "sitemap-";
constexpr std::string_view name_end = ".xml.gz";
constexpr std::string_view xml_head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view name_space = " xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";

// By a kill. A young one may be another worker's that still writes it.
bool is_left_behind(const fs::directory_entry& entry) {
    const auto name = entry.path().filename().string();
    if (!(name.starts_with(name_start) || name.starts_with("sitemap.xml.")) ||
        !name.ends_with(".tmp")) {
        return false;
    }
    std::error_code gone;
    const auto written = fs::last_write_time(entry.path(), gone);
    return !gone && fs::file_time_type::clock::now() - written > std::chrono::hours(1);
}

std::string file_text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace

SitemapFiles::SitemapFiles(std::string folder, std::string base_url, std::string generation)
    : folder_(std::move(folder)),
      base_url_(std::move(base_url)),
      generation_(std::move(generation)) {}

void SitemapFiles::add(std::string_view url, std::string_view last_changed) {
    if (urls_in_file_ == urls_max || body_.size() > bytes_max) {
        finish_file();
    }
    body_ += "<url><loc>" + markup_escaped(std::string(url)) + "</loc>";
    if (!last_changed.empty()) {
        body_ += "<lastmod>" + std::string(last_changed) + "</lastmod>";
    }
    body_ += "</url>\n";
    ++urls_in_file_;
    ++urls_;
}

void SitemapFiles::finish_file() {
    if (names_.size() == files_max) {
        throw CommandError("a sitemap cannot have more than 50,000 files");
    }
    const auto name = std::string(name_start) + generation_ + "-" +
                      std::to_string(names_.size() + 1) + std::string(name_end);
    replace_file(folder_ + "/" + name, gzip(std::string(xml_head) + "<urlset" +
                                            std::string(name_space) + body_ + "</urlset>\n"));
    names_.push_back(name);
    body_.clear();
    urls_in_file_ = 0;
}

void SitemapFiles::publish() {
    if (urls_in_file_ > 0 || names_.empty()) {
        finish_file();
    }
    const auto path = folder_ + "/sitemap.xml";
    const auto index_before = file_text(path);
    auto index = std::string(xml_head) + "<sitemapindex" + std::string(name_space);
    for (const auto& name : names_) {
        index += "<sitemap><loc>" + markup_escaped(base_url_ + "/" + name) + "</loc></sitemap>\n";
    }
    replace_file(path, index + "</sitemapindex>\n");
    remove_old(index_before);
}

void SitemapFiles::remove_old(const std::string& index_before) const {
    const auto own = std::string(name_start) + generation_ + "-";
    for (const auto& entry : fs::directory_iterator(folder_)) {
        const auto name = entry.path().filename().string();
        const bool is_old = name.starts_with(name_start) && name.ends_with(name_end) &&
                            !name.starts_with(own) && index_before.find(name) == std::string::npos;
        if (is_old || is_left_behind(entry)) {
            std::error_code ignored;  // the next run tries again
            fs::remove(entry.path(), ignored);
        }
    }
}

}  // namespace coupon
