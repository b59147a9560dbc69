using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub.Git.Histories;

/// <summary>Random histories through the front door: plain git does the same beside, and the ids must be the same.</summary>
public sealed class ServedHistoriesTests
{
    [Fact]
    public async Task What_the_api_and_pushes_make_is_what_plain_git_makes()
    {
        await using var world = await World.CreateAsync();
        for (var seed = 1; seed <= 24; seed++)
        {
            using var history = await ServedHistory.BeginAsync(world, seed);
            await history.LiveAsync();
        }
    }

    private sealed class ServedHistory : IDisposable
    {
        private static readonly string[] Paths = ["a.txt", "b.txt", "folder/a.txt", "folder/deep/c.txt", "x/y.txt", "ü/名.txt"];

        private readonly World _world;
        private readonly HttpClient _alice;
        private readonly string _id;
        private readonly WorkingCopy _plain;
        private readonly Random _random;

        private ServedHistory(World world, HttpClient alice, string id, WorkingCopy plain, Random random) =>
            (_world, _alice, _id, _plain, _random) = (world, alice, id, plain, random);

        private string Api => $"/api/models/{_id}";

        public static async Task<ServedHistory> BeginAsync(World world, int seed)
        {
            var id = $"alice/history-{seed}";
            await world.As(world.Alice).CreateRepoAsync(id);
            var plain = await WorkingCopy.CloneAsync(world, world.Alice, id);
            return new ServedHistory(world, world.As(world.Alice), id, plain, new Random(seed));
        }

        public async Task LiveAsync()
        {
            for (var left = _random.Next(4, 9); left > 0; left--)
            {
                _world.Server.Clock.Advance(TimeSpan.FromSeconds(_random.Next(1, 100)));
                await StepAsync(await AnyBranchAsync());
                await AssertSameAsync();
            }

            await (await _world.GitAsync(_id)).AssertSoundAsync();
        }

        public void Dispose() => _plain.Dispose();

        private Task StepAsync(string branch) => _random.Next(10) switch
        {
            < 3 => CommitAsync(branch),
            < 6 => PushAsync(branch),
            6 => CreateBranchAsync(branch, $"b{_random.Next(3)}/x"),
            7 => branch == "main" ? TagAsync($"v{_random.Next(4)}") : DeleteBranchAsync(branch),
            8 => SquashAsync(branch),
            _ => ForceAsync(branch, $"b{_random.Next(3)}/x"),
        };

        private async Task CommitAsync(string branch)
        {
            await _plain.GitAsync("checkout", "-q", branch);
            var lines = new List<string> { HubCalls.Line("header", new { summary = $"by the API {_random.Next(100)}" }) };
            string[] paths = [.. Paths];
            _random.Shuffle(paths);
            foreach (var path in paths.Take(_random.Next(1, 4)))
            {
                lines.Add(_random.Next(4) == 0 && File.Exists(Path.Combine(_plain.Folder, path)) ? Delete(path) : Write(path));
            }

            using var answer = await _alice.PostCommitAsync($"{Api}/commit/{Uri.EscapeDataString(branch)}", [.. lines]);
            var made = (await answer.OkAsync())["commitOid"]!.GetValue<string>();

            await _plain.GitAsync("add", "-A");
            Assert.Equal(await _plain.CommitAsAsync("alice", Now, "commit", "-q", "--allow-empty", "-m", JsonNode.Parse(lines[0])!["value"]!["summary"]!.GetValue<string>()), made);
        }

        private async Task PushAsync(string branch)
        {
            await _plain.GitAsync("checkout", "-q", branch);
            for (var left = _random.Next(1, 3); left > 0; left--)
            {
                await _plain.CommitAsync($"by git {_random.Next(100)}", (Paths[_random.Next(Paths.Length)], Content()));
            }

            await _plain.GitAsync("push", "-q", "origin", branch);
        }

        private async Task CreateBranchAsync(string from, string name)
        {
            using var answer = await _alice.PostAsJsonAsync($"{Api}/branch/{Uri.EscapeDataString(name)}", new { startingPoint = from, overwrite = true });
            answer.EnsureSuccessStatusCode();
            await _plain.GitAsync("update-ref", $"refs/heads/{name}", from);
        }

        private async Task DeleteBranchAsync(string name)
        {
            if (_random.Next(2) == 0)
            {
                using var answer = await _alice.DeleteAsync($"{Api}/branch/{Uri.EscapeDataString(name)}");
                answer.EnsureSuccessStatusCode();
            }
            else
            {
                await _plain.GitAsync("push", "-q", "origin", "--delete", name);
            }

            await _plain.GitAsync("checkout", "-q", "main");
            await _plain.GitAsync("update-ref", "-d", $"refs/heads/{name}");
        }

        private async Task TagAsync(string name)
        {
            var (exitCode, _) = await _plain.TryAsync("tag", "-a", name, "-m", $"tag {name}", "main");
            if (exitCode == 0)
            {
                await _plain.GitAsync("push", "-q", "origin", name);
                return;
            }

            using var taken = await _alice.PostAsJsonAsync($"{Api}/tag/main", new { tag = name });
            Assert.Equal(409, (int)taken.StatusCode);
        }

        private async Task SquashAsync(string branch)
        {
            using var answer = await _alice.PostAsJsonAsync($"{Api}/super-squash/{Uri.EscapeDataString(branch)}", new { message = "squashed" });
            var made = (await answer.OkAsync())["commitId"]!.GetValue<string>();

            Assert.Equal(await _plain.CommitAsAsync("alice", Now, "commit-tree", "-m", "squashed", $"{branch}^{{tree}}"), made);
            await _plain.GitAsync("checkout", "-q", "--detach");
            await _plain.GitAsync("update-ref", $"refs/heads/{branch}", made);
        }

        private async Task ForceAsync(string from, string name)
        {
            await _plain.GitAsync("checkout", "-q", "--detach");
            await _plain.GitAsync("update-ref", $"refs/heads/{name}", from);
            await _plain.GitAsync("push", "-q", "--force", "origin", $"{name}:{name}");
        }

        private async Task AssertSameAsync()
        {
            var expected = await _plain.GitAsync("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags");
            var actual = await _plain.GitAsync("ls-remote", "--refs", "origin");
            Assert.Equal(expected.Split('\n').Order(StringComparer.Ordinal), actual.Replace('\t', ' ').Split('\n').Order(StringComparer.Ordinal));
            foreach (var branch in await BranchesAsync())
            {
                var files = await _alice.JsonAsync($"{Api}/tree/{Uri.EscapeDataString(branch)}?recursive=true");
                var plain = await _plain.GitAsync("-c", "core.quotePath=false", "ls-tree", "-r", "--format=%(objectname) %(path)", branch);
                Assert.Equal(plain.Split('\n'), files.AsArray().Where(f => f!["type"]!.GetValue<string>() == "file").Select(f => $"{f!["oid"]} {f["path"]}"));
            }
        }

        private async Task<string[]> BranchesAsync() => (await _plain.GitAsync("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")).Split('\n');

        private async Task<string> AnyBranchAsync()
        {
            var branches = await BranchesAsync();
            return branches[_random.Next(branches.Length)];
        }

        private DateTimeOffset Now => _world.Server.Clock.GetUtcNow();

        private string Write(string path)
        {
            var content = Encoding.UTF8.GetBytes(Content());
            _plain.Write(path, content);
            return HubCalls.FileLine(path, content);
        }

        private string Delete(string path)
        {
            File.Delete(Path.Combine(_plain.Folder, path));
            return HubCalls.Line("deletedEntry", new { path });
        }

        private string Content() => string.Concat(Enumerable.Range(0, _random.Next(40)).Select(i => $"line {i} of {_random.Next(3)}\n"));
    }
}
