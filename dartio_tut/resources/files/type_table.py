"""
The content types of files by their extensions.

The table is our own, so that a file has the same type on every machine: what the
system, Python or Twisted knows differs from one to the next. It holds what the web
uses, under the names that IANA has registered where there are any. Source code is
``text/plain``, which every browser shows.
"""

from __future__ import annotations

from collections.abc import Mapping

_PAGES = """
    text/html                       html htm shtml
    application/xhtml+xml           xhtml xht
    text/css                        css
    text/javascript                 js mjs cjs
    application/wasm                wasm
    application/json                json map topojson
    application/ld+json             jsonld
    application/geo+json            geojson
    application/manifest+json       webmanifest
    application/schema+json         jsonschema
    application/x-ndjson            ndjson jsonl
    application/har+json            har
    application/xml                 xml xsd rng resx
    application/xslt+xml            xsl xslt
    application/xml-dtd             dtd
    application/mathml+xml          mathml mml
    application/rss+xml             rss
    application/atom+xml            atom
    application/rdf+xml             rdf
    application/xspf+xml            xspf
    application/wsdl+xml            wsdl
    application/xliff+xml           xlf xliff
    application/sparql-query        rq
    application/sparql-results+xml  srx
    application/graphql             graphql gql
    text/cache-manifest             appcache
    multipart/related               mht mhtml
    application/x-shockwave-flash   swf
    application/x-ns-proxy-autoconfig  pac
"""

_TEXT = """
    text/plain                      txt text log ini conf cfg env properties toml srt
                                    diff patch nfo rst adoc asciidoc po pot
                                    md5 sha1 sha256 sha512
    text/markdown                   md markdown mdown
    text/csv                        csv
    text/tab-separated-values       tsv
    text/richtext                   rtx
    application/rtf                 rtf
    text/x-tex                      tex ltx sty cls
    text/x-bibtex                   bib
    text/vtt                        vtt
    text/calendar                   ics ifb
    text/vcard                      vcf vcard
    text/turtle                     ttl
    text/n3                         n3
    text/sgml                       sgml sgm
    text/vnd.graphviz               gv dot
    application/n-triples           nt
    application/n-quads             nq
    application/trig                trig
    application/yaml                yaml yml
    application/sql                 sql
    message/rfc822                  eml
    application/mbox                mbox
    application/x-ipynb+json        ipynb
    text/plain                      py pyi rb pl pm php lua go rs c h cc cpp cxx hpp hxx
                                    cs java kt kts scala swift m mm tsx jsx mts cts vue
                                    svelte sh bash zsh fish ksh csh bat cmd ps1 psm1 asm
                                    s f f90 hs ml clj ex exs erl dart d zig nim jl lisp
                                    el scm tcl cmake mk gradle proto r sas vhd
                                    gitignore gitattributes editorconfig htaccess
"""

_PICTURES = """
    image/png                       png
    image/apng                      apng
    image/jpeg                      jpg jpeg jpe jfif
    image/gif                       gif
    image/webp                      webp
    image/avif                      avif avifs
    image/jxl                       jxl
    image/heic                      heic
    image/heif                      heif
    image/heic-sequence             heics
    image/svg+xml                   svg svgz
    image/bmp                       bmp dib
    image/vnd.microsoft.icon        ico cur
    image/tiff                      tif tiff
    image/jp2                       jp2
    image/jpx                       jpx jpf
    image/vnd.adobe.photoshop       psd
    image/x-xcf                     xcf
    image/x-portable-anymap         pnm
    image/x-portable-bitmap         pbm
    image/x-portable-graymap        pgm
    image/x-portable-pixmap         ppm
    image/x-tga                     tga
    image/vnd.djvu                  djvu djv
    image/vnd.dxf                   dxf
    image/vnd.dwg                   dwg
    application/postscript          ps ai eps
"""

_SOUND_AND_VIDEO = """
    video/mp4                       mp4 m4v mpg4
    audio/mp4                       m4a m4b m4p
    video/iso.segment               m4s
    video/quicktime                 mov qt
    video/webm                      webm
    audio/webm                      weba
    video/matroska                  mkv
    audio/matroska                  mka
    video/matroska-3d               mk3d
    audio/ogg                       ogg oga opus spx
    video/ogg                       ogv
    application/ogg                 ogx
    audio/x-flac                    flac
    audio/x-wav                     wav wave
    audio/x-aiff                    aif aiff aifc
    audio/basic                     au snd
    audio/mpeg                      mp3 mp2 mpga
    audio/aac                       aac adts
    audio/ac3                       ac3
    audio/amr                       amr
    audio/midi                      mid midi
    video/mpeg                      mpeg mpg mpe m1v m2v
    video/mp2t                      ts m2ts
    video/x-msvideo                 avi
    video/x-ms-wmv                  wmv
    audio/x-ms-wma                  wma
    video/x-flv                     flv
    video/x-f4v                     f4v
    video/3gpp                      3gp 3gpp
    video/3gpp2                     3g2
    application/vnd.apple.mpegurl   m3u8
    audio/mpegurl                   m3u
    audio/x-scpls                   pls
    application/dash+xml            mpd
"""

_DOCUMENTS = """
    application/pdf                 pdf
    application/epub+zip            epub
    application/x-mobipocket-ebook  mobi
    application/vnd.amazon.mobi8-ebook  azw3
    application/oxps                oxps
    application/vnd.ms-xpsdocument  xps
    application/msword              doc
    application/vnd.ms-excel        xls xlt
    application/vnd.ms-powerpoint   ppt pps
    application/vnd.visio           vsd
    application/onenote             one
    application/vnd.ms-outlook      msg
    application/vnd.openxmlformats-officedocument.wordprocessingml.document    docx
    application/vnd.openxmlformats-officedocument.wordprocessingml.template    dotx
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet          xlsx
    application/vnd.openxmlformats-officedocument.spreadsheetml.template       xltx
    application/vnd.openxmlformats-officedocument.presentationml.presentation  pptx
    application/vnd.openxmlformats-officedocument.presentationml.slideshow     ppsx
    application/vnd.openxmlformats-officedocument.presentationml.template      potx
    application/vnd.ms-word.document.macroenabled.12            docm
    application/vnd.ms-excel.sheet.macroenabled.12              xlsm
    application/vnd.ms-excel.sheet.binary.macroenabled.12       xlsb
    application/vnd.ms-powerpoint.presentation.macroenabled.12  pptm
    application/vnd.ms-visio.drawing                            vsdx
    application/vnd.oasis.opendocument.text           odt
    application/vnd.oasis.opendocument.text-template  ott
    application/vnd.oasis.opendocument.spreadsheet    ods
    application/vnd.oasis.opendocument.presentation   odp
    application/vnd.oasis.opendocument.graphics       odg
    application/vnd.oasis.opendocument.formula        odf
    application/vnd.oasis.opendocument.database       odb
    application/vnd.apple.pages                       pages
    application/vnd.apple.numbers                     numbers
    application/vnd.apple.keynote                     keynote
"""

_ARCHIVES = """
    application/zip                 zip
    application/gzip                gz tgz
    application/x-tar               tar
    application/x-bzip2             bz2 tbz2
    application/x-xz                xz txz
    application/zstd                zst
    application/x-7z-compressed     7z
    application/vnd.rar             rar
    application/x-lzip              lz
    application/x-lzma              lzma
    application/x-cpio              cpio
    application/java-archive        jar war ear
    application/vnd.ms-cab-compressed  cab
    application/vnd.debian.binary-package  deb
    application/x-rpm               rpm
    application/vnd.android.package-archive  apk
    application/x-msi               msi
    application/x-apple-diskimage   dmg
    application/vnd.apple.installer+xml  pkg mpkg
    application/x-iso9660-image     iso
    application/x-xpinstall         xpi
    application/x-bittorrent        torrent
    application/octet-stream        exe dll so o a lib appimage
"""

_FONTS_AND_MODELS = """
    font/ttf                        ttf
    font/otf                        otf
    font/collection                 ttc
    font/woff                       woff
    font/woff2                      woff2
    application/vnd.ms-fontobject   eot
    application/x-font-type1        pfa pfb
    model/gltf+json                 gltf
    model/gltf-binary               glb
    model/obj                       obj
    model/mtl                       mtl
    model/stl                       stl
    model/step                      step stp
    model/iges                      iges igs
    model/vnd.collada+xml           dae
    model/vnd.usdz+zip              usdz
    model/3mf                       3mf
"""

_DATA_AND_KEYS = """
    application/gpx+xml             gpx
    application/vnd.google-earth.kml+xml  kml
    application/vnd.google-earth.kmz  kmz
    application/vnd.mapbox-vector-tile  mvt
    application/vnd.pmtiles         pmtiles
    application/vnd.apache.parquet  parquet
    application/vnd.apache.arrow.file  arrow feather
    application/vnd.sqlite3         sqlite sqlite3
    application/x-hdf5              h5 hdf5
    application/x-netcdf            nc
    application/warc                warc
    application/x-pem-file          pem
    application/x-x509-ca-cert      crt
    application/pkix-cert           cer der
    application/pkix-crl            crl
    application/pkcs7-mime          p7c p7m
    application/pkcs8               p8
    application/pkcs10              p10 csr
    application/pkcs12              p12 pfx
    application/pgp-keys            asc
    application/pgp-signature       sig
    application/pgp-encrypted       pgp gpg
    application/x-apple-aspen-config  mobileconfig
"""


def _parsed(table: str) -> dict[str, str]:
    types: dict[str, str] = {}
    kind = ""
    for word in table.split():
        if "/" in word:
            kind = word
        else:
            types["." + word] = kind
    return types


TYPES_BY_EXTENSION: Mapping[str, str] = _parsed(
    _PAGES
    + _TEXT
    + _PICTURES
    + _SOUND_AND_VIDEO
    + _DOCUMENTS
    + _ARCHIVES
    + _FONTS_AND_MODELS
    + _DATA_AND_KEYS
)
"""The content type for each extension, in lower case and with its dot."""
