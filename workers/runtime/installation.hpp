// Which version this is, and where the files are that come with the programs: in ../share/coupon of a
// program that lies in a folder bin, else in the source tree it was built from. So the same program
// serves a developer and a package, and no path is in anybody's compiler cache.
#pragma once

#include <filesystem>

namespace coupon {

extern const char* const program_version;

// Folders; whether they exist is for the caller to see.
std::filesystem::path shipped_sql();
std::filesystem::path shipped_templates();
std::filesystem::path shipped_dashboard();

}  // namespace coupon
