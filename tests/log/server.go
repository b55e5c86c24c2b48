// Checks a log as it is served, by golang.org/x/mod/sumdb alone: the checkpoint by a key that is given, every entry, the
// proof of an entry against the one that tlog makes, and that it begins with an older checkpoint.
//
//	server URL KEY ENTRY OLD
//
// URL: of the log, without the last slash. ENTRY: its number. OLD: file of an older checkpoint. Prints the sizes.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func fail(format string, values ...interface{}) {
	must(fmt.Errorf(format, values...))
}

type log struct{ url string }

func (l log) get(path string) ([]byte, error) {
	answer, err := http.Get(l.url + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func (l log) Height() int { return 8 }

// The names of tlog have the height in front: tile/8/0/000.
func (l log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := l.get("tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (l log) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func open(data []byte, verifier note.Verifier) tlog.Tree {
	n, err := note.Open(data, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		fail("not the text of a checkpoint: %q", n.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	hash, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: hash}
}

// All entries by their bundles, against the hashes of the tiles.
func checkEntries(l log, tree tlog.Tree, reader tlog.HashReader) {
	var indexes []int64
	for i := int64(0); i < tree.N; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	hashes, err := reader.ReadHashes(indexes)
	must(err)
	at := int64(0)
	for n := int64(0); n*256 < tree.N; n++ {
		width := 256
		if left := tree.N - n*256; left < 256 {
			width = int(left)
		}
		path := strings.TrimPrefix(tlog.Tile{H: 8, L: 0, N: n, W: width}.Path(), "tile/8/0/")
		bundle, err := l.get("tile/entries/" + path)
		must(err)
		for len(bundle) > 0 {
			length := int(binary.BigEndian.Uint16(bundle))
			if length != 32 {
				fail("entry %d has %d bytes: more than a leaf", at, length)
			}
			if tlog.RecordHash(bundle[2:2+length]) != hashes[at] {
				fail("entry %d is not what its hash says", at)
			}
			bundle = bundle[2+length:]
			at++
		}
	}
	if at != tree.N {
		fail("bundles have %d entries of %d", at, tree.N)
	}
}

func main() {
	l := log{os.Args[1]}
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	entry, err := strconv.ParseInt(os.Args[3], 10, 64)
	must(err)
	data, err := l.get("checkpoint")
	must(err)
	tree := open(data, verifier)
	reader := tlog.TileHashReader(tree, l)
	root, err := tlog.TreeHash(tree.N, reader)
	must(err)
	if root != tree.Hash {
		fail("the root of %d", tree.N)
	}
	checkEntries(l, tree, reader)

	data, err = l.get("proof?entry=" + os.Args[3])
	must(err)
	var proof struct {
		Leaf       []byte
		Size       int64
		Hashes     []string
		Checkpoint string
	}
	must(json.Unmarshal(data, &proof))
	if open([]byte(proof.Checkpoint), verifier) != tree || proof.Size != tree.N {
		fail("the proof of %d is of another tree", entry)
	}
	var hashes []tlog.Hash
	for _, text := range proof.Hashes {
		hash, err := tlog.ParseHash(text)
		must(err)
		hashes = append(hashes, hash)
	}
	must(tlog.CheckRecord(hashes, tree.N, tree.Hash, entry, tlog.RecordHash(proof.Leaf)))

	data, err = os.ReadFile(os.Args[4])
	must(err)
	old := open(data, verifier)
	data, err = l.get("consistency?old=" + strconv.FormatInt(old.N, 10))
	must(err)
	parts := strings.SplitN(string(data), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if lines[0] != "old "+strconv.FormatInt(old.N, 10) || open([]byte(parts[1]), verifier) != tree {
		fail("no proof of consistency: %q", lines[0])
	}
	var path tlog.TreeProof
	for _, line := range lines[1:] {
		raw, err := base64.StdEncoding.DecodeString(line)
		must(err)
		var hash tlog.Hash
		copy(hash[:], raw)
		path = append(path, hash)
	}
	must(tlog.CheckTree(path, tree.N, tree.Hash, old.N, old.Hash))
	fmt.Printf("%d entries, beginning with %d\n", tree.N, old.N)
}
