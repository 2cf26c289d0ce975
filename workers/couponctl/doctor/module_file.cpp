#include "couponctl/doctor/module_file.hpp"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

namespace coupon::doctor {
namespace {

constexpr std::size_t file_bytes_max = 256 << 20;
constexpr std::size_t signature_digits_least = 30;
// Of ngx_module_t: after two indexes, the name and two spare words.
constexpr std::uint64_t version_offset = 5 * 8;

template <class T>
std::optional<T> at(const std::string& bytes, std::uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

// An ELF file of 64 bits and this machine's byte order; anything else tells nothing.
class Elf {
  public:
    explicit Elf(const std::string& bytes) : bytes_(bytes) {
        const auto header = at<Elf64_Ehdr>(bytes, 0);
        if (header && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
            header->e_ident[EI_CLASS] == ELFCLASS64) {
            header_ = *header;
        }
    }

    // The first element of ngx_modules is a pointer to the module; the loader fills it in, and what
    // it fills in stands among the relocations.
    [[nodiscard]] std::optional<std::uint64_t> module_version() const {
        const auto modules = symbol("ngx_modules");
        const auto module = modules ? relocation(*modules) : std::nullopt;
        const auto place = module ? file_offset(*module + version_offset) : std::nullopt;
        return place ? at<std::uint64_t>(bytes_, *place) : std::nullopt;
    }

  private:
    template <class Visit>
    void each_section(std::uint32_t type, Visit visit) const {
        for (unsigned i = 0; header_ && i < header_->e_shnum; ++i) {
            const auto section =
                at<Elf64_Shdr>(bytes_, header_->e_shoff + i * sizeof(Elf64_Shdr));
            if (section && section->sh_type == type) {
                visit(*section);
            }
        }
    }

    [[nodiscard]] std::optional<std::uint64_t> symbol(std::string_view name) const {
        std::optional<std::uint64_t> value;
        each_section(SHT_DYNSYM, [&](const Elf64_Shdr& section) {
            const auto names = at<Elf64_Shdr>(
                bytes_, header_->e_shoff + section.sh_link * sizeof(Elf64_Shdr));
            for (std::uint64_t at_ = 0; names && at_ < section.sh_size; at_ += sizeof(Elf64_Sym)) {
                const auto entry = at<Elf64_Sym>(bytes_, section.sh_offset + at_);
                if (entry && text(names->sh_offset + entry->st_name) == name) {
                    value = entry->st_value;
                }
            }
        });
        return value;
    }

    [[nodiscard]] std::optional<std::uint64_t> relocation(std::uint64_t address) const {
        std::optional<std::uint64_t> value;
        each_section(SHT_RELA, [&](const Elf64_Shdr& section) {
            for (std::uint64_t at_ = 0; at_ < section.sh_size; at_ += sizeof(Elf64_Rela)) {
                const auto entry = at<Elf64_Rela>(bytes_, section.sh_offset + at_);
                if (entry && entry->r_offset == address) {
                    value = static_cast<std::uint64_t>(entry->r_addend);
                }
            }
        });
        return value;
    }

    [[nodiscard]] std::optional<std::uint64_t> file_offset(std::uint64_t address) const {
        for (unsigned i = 0; header_ && i < header_->e_phnum; ++i) {
            const auto part = at<Elf64_Phdr>(bytes_, header_->e_phoff + i * sizeof(Elf64_Phdr));
            if (part && part->p_type == PT_LOAD && address >= part->p_vaddr &&
                address < part->p_vaddr + part->p_filesz) {
                return part->p_offset + (address - part->p_vaddr);
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::string_view text(std::uint64_t offset) const {
        return offset < bytes_.size() ? std::string_view(bytes_.c_str() + offset) : "";
    }

    const std::string& bytes_;
    std::optional<Elf64_Ehdr> header_;
};

// 1022001 → "1.22.1"; empty for what is none.
std::string version_text(std::uint64_t number) {
    constexpr std::uint64_t most = 100'000'000;
    return number < 1'000'000 || number > most
               ? ""
               : std::to_string(number / 1'000'000) + "." + std::to_string(number / 1000 % 1000) +
                     "." + std::to_string(number % 1000);
}

}  // namespace

std::string signature_in(const std::string& bytes) {
    for (std::size_t start = 0; (start = bytes.find(",", start)) != std::string::npos; ++start) {
        // "8,4,8,0111…": sizes of a pointer, an atomic and a time, then a digit for each option.
        if (start == 0 || bytes.size() - start < 6 || bytes[start + 2] != ',' ||
            bytes[start + 4] != ',') {
            continue;
        }
        auto end = start + 5;
        while (end < bytes.size() && (bytes[end] == '0' || bytes[end] == '1')) {
            ++end;
        }
        if (end - (start + 5) >= signature_digits_least) {
            return bytes.substr(start - 1, end - (start - 1));
        }
    }
    return {};
}

ModuleFacts read_module_file(const std::string& path) {
    ModuleFacts facts;
    facts.path = path;
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file || file.tellg() < 0 || static_cast<std::size_t>(file.tellg()) > file_bytes_max) {
        facts.failure = "the module's file cannot be read";
        return facts;
    }
    file.seekg(0);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    facts.signature = signature_in(bytes);
    if (facts.signature.empty()) {
        facts.failure = "this is no module of NGINX";
        return facts;
    }
    facts.nginx_version = version_text(Elf(bytes).module_version().value_or(0));
    constexpr std::string_view told = "coupon module ";
    if (const auto place = bytes.find(told); place != std::string::npos) {
        facts.version = std::string(bytes.c_str() + place + told.size());
    }
    return facts;
}

}  // namespace coupon::doctor
