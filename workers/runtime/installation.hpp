// Which version this is, and where the files are that come with the programs. CMake writes the
// source from installation.cpp.in: the source tree's own files, or below COUPON_SHARE_DIR, where
// they are installed.
#pragma once

#include <filesystem>

namespace coupon {

extern const char* const program_version;

// Folders; whether they exist is for the caller to see.
std::filesystem::path shipped_sql();
std::filesystem::path shipped_templates();
std::filesystem::path shipped_dashboard();

}  // namespace coupon
